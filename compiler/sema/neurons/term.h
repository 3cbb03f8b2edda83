// A translated expression of a neuron. Apart from neuron.cpp nobody includes this.
#pragma once

#include "sema/program.h"

#include <optional>

namespace rvb::sema {

enum class Type { error, number, boolean };

// A truth value known while compiling has no Expression: the IR has no such literal.
struct Term {
  Type type = Type::error;
  Expression expr;
  std::optional<bool> truth;

  bool ok() const { return type != Type::error; }
  bool constant() const { return type == Type::number && expr.kind == Expression::Kind::number; }
};

Term number(double value);
Term truth(bool value);
const char* name_of(Type type); // "a number"

// The value of a neuron's function on constants; perhaps not finite.
double fold(const std::string& function, const std::vector<Term>& operands);

} // namespace rvb::sema
