#include "sema/neurons/term.h"

#include "ops/ops.h"

#include <stdexcept>

namespace rvb::sema {

Term number(double value) {
  Term term;
  term.type = Type::number;
  term.expr.number = value;
  return term;
}

Term truth(bool value) {
  Term term;
  term.type = Type::boolean;
  term.truth = value;
  return term;
}

const char* name_of(Type type) {
  return type == Type::number ? "a number" : "a truth value";
}

double fold(const std::string& function, const std::vector<Term>& operands) {
  const ir::OperatorInfo* info = ir::find_operator(function);
  if (info == nullptr)
    throw std::logic_error("neurons have a function `" + function + "`, and the IR has none");
  ir::Op op;
  op.opcode = info->opcode;
  double x[3] = {0, 0, 0};
  for (size_t i = 0; i < operands.size(); ++i)
    x[i] = operands[i].expr.number;
  return ops::meaning(op.opcode).value(op, x);
}

} // namespace rvb::sema
