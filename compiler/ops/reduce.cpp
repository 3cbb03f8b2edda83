#include "ops/rules.h"

#include <stdexcept>

namespace rvb::ops {

ir::Operand reduce_to(ir::Builder& builder, ir::Operand gradient, ir::Type operand) {
  ir::Type type = builder.type_of(gradient);
  if (type.dims == operand.dims)
    return gradient;
  if (type.rank() == 0 || operand.rank() > 1)
    throw std::logic_error("a gradient cannot be summed to the type of its operand");
  ir::Value sums = gradient.value;
  if (type.rank() > 1) // [C] needs no sum over other axes
    sums = make(builder, ir::Opcode::sum, {gradient}, {{"axis", static_cast<int64_t>(type.rank() - 1)}});
  if (operand.rank() == 0)
    sums = make(builder, ir::Opcode::sum_time, {sums});
  return sums;
}

} // namespace rvb::ops
