#include "sema/neurons/growth.h"

#include <algorithm>
#include <optional>

namespace rvb::sema {

namespace {

// The factor of `local` in a sum of constant multiples; nothing when the expression is no such sum.
std::optional<double> factor(const Expression& expr, int local) {
  if (expr.kind == Expression::Kind::number)
    return 0;
  if (expr.kind == Expression::Kind::local)
    return expr.local == local ? 1 : 0;
  std::vector<std::optional<double>> parts;
  for (const Expression& operand : expr.operands)
    parts.push_back(factor(operand, local));
  if (std::any_of(parts.begin(), parts.end(), [](const std::optional<double>& part) { return !part; }))
    return std::nullopt;
  if (std::all_of(parts.begin(), parts.end(), [](const std::optional<double>& part) { return *part == 0; }))
    return 0;
  auto is_number = [&](size_t i) { return expr.operands[i].kind == Expression::Kind::number; };
  if (expr.operation == "neg")
    return -*parts[0];
  if (expr.operation == "add")
    return *parts[0] + *parts[1];
  if (expr.operation == "sub")
    return *parts[0] - *parts[1];
  if (expr.operation == "mul" && is_number(0))
    return expr.operands[0].number * *parts[1];
  if (expr.operation == "mul" && is_number(1))
    return *parts[0] * expr.operands[1].number;
  if (expr.operation == "div" && is_number(1))
    return *parts[0] / expr.operands[1].number;
  return std::nullopt;
}

} // namespace

double leak_of(const Neuron& neuron, int state) {
  const int local = state + 1; // behind the input
  for (const Statement& statement : neuron.statements)
    if (statement.kind == Statement::Kind::assign && statement.local == local)
      return factor(statement.value, local).value_or(0);
  return 0;
}

} // namespace rvb::sema
