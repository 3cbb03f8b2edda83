#include "ops/rules.h"

namespace rvb::ops {

const Meaning& meaning(ir::Opcode opcode) {
  static const Meaning* const table[] = {
#define RVB_OPERATOR(name, operands, results, traits) &rows::name,
#include "ir/operators.def"
#undef RVB_OPERATOR
  };
  return *table[static_cast<int>(opcode)];
}

} // namespace rvb::ops
