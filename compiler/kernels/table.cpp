// Which operators have kernels, and which file makes them.
#include "kernels/kernel.h"

#include "support/result.h"

namespace rvb::kernels {

namespace {

Maker maker(ir::Opcode opcode) {
#define RVB_KERNEL(name)                                                                                               \
  if (opcode == ir::Opcode::name)                                                                                      \
    return make_##name;
#include "kernels/kernels.def"
#undef RVB_KERNEL
  return (ir::info(opcode).traits & ir::elementwise) != 0 ? make_elementwise : nullptr;
}

} // namespace

bool has_kernel(ir::Opcode opcode) {
  return maker(opcode) != nullptr;
}

std::unique_ptr<Kernel> make_kernel(const Call& call) {
  Maker make = maker(call.op.opcode);
  if (make == nullptr)
    throw Failure(Exit::internal, std::string("operator `") + ir::info(call.op.opcode).name + "` has no kernel");
  return make(call);
}

Interface interface_of(const ir::Function& function, const ir::Op& op) {
  Call call{function, op, {}};
  return make_kernel(call)->views();
}

} // namespace rvb::kernels
