#include "sema/term.h"

#include <algorithm>
#include <cmath>

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
  const double x = operands[0].expr.number;
  if (function == "step")
    return x >= 0 ? 1 : 0;
  if (function == "min")
    return std::min(x, operands[1].expr.number);
  if (function == "max")
    return std::max(x, operands[1].expr.number);
  if (function == "abs")
    return std::abs(x);
  if (function == "exp")
    return std::exp(x);
  if (function == "log")
    return std::log(x);
  if (function == "sqrt")
    return std::sqrt(x);
  if (function == "tanh")
    return std::tanh(x);
  if (function == "sigmoid")
    return 1 / (1 + std::exp(-x));
  if (function == "atan")
    return std::atan(x);
  return x; // detach
}

} // namespace rvb::sema
