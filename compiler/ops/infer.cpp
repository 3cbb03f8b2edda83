// The types of a whole operation. Those of scan and loop are in recurrence.cpp, because their rules need the body.
#include "ir/text.h"
#include "ops/elementwise.h"
#include "ops/rules.h"

namespace rvb::ops {

namespace {

std::optional<Types> none(std::string& error, std::string message) {
  error = std::move(message);
  return std::nullopt;
}

ir::Type type_of(const ir::Function& function, const ir::Operand& operand) {
  return operand.is_literal() ? ir::Type{} : function.type(operand.value);
}

// The states' initial literals are numbers of the right shape by definition; elsewhere a literal is a scalar.
bool takes_literals(const ir::OperatorInfo& row) {
  return (row.traits & (ir::elementwise | ir::has_body)) != 0;
}

} // namespace

std::optional<Types> infer(const ir::Function& function, const ir::Op& op, std::string& error) {
  const ir::OperatorInfo& row = ir::info(op.opcode);
  if (row.operands >= 0 && row.operands != static_cast<int>(op.operands.size()))
    return none(error,
                "has " + std::to_string(op.operands.size()) + " operands, takes " + std::to_string(row.operands));
  if ((row.traits & ir::has_body) == 0 && !op.body.empty())
    return none(error, "takes no body");
  Types operands;
  for (const ir::Operand& operand : op.operands) {
    if (operand.is_literal() && !takes_literals(row))
      return none(error, "takes values, not numbers");
    operands.push_back(type_of(function, operand));
  }
  std::optional<Types> results;
  if (op.opcode == ir::Opcode::scan)
    results = infer_scan(function, op, error);
  else if (op.opcode == ir::Opcode::loop)
    results = infer_loop(function, op, error);
  else if (op.opcode == ir::Opcode::constant && op.results.size() == 1) {
    if (attributes_fit(op, {{"name", Kind::text}}, error))
      results = Types{function.type(op.results[0])};
  } else
    results = meaning(op.opcode).types(op, operands, error);
  if (!results)
    return results;
  for (const ir::Type& type : *results) {
    std::string wrong = ir::fault(type);
    if (!wrong.empty())
      return none(error, "the result would have " + wrong);
  }
  return results;
}

} // namespace rvb::ops
