#include "ir/builder.h"

#include <stdexcept>

namespace rvb::ir {

Type Builder::type_of(const Operand& operand) const {
  return operand.is_literal() ? Type{} : function_.type(operand.value);
}

std::vector<Value> Builder::append(Op op, const std::vector<std::string>& hints) {
  if (op.layer.empty())
    op.layer = layer_;
  std::string error;
  std::optional<std::vector<Type>> types = typer_(function_, op, error);
  if (!types)
    throw std::logic_error(std::string("building `") + info(op.opcode).name + "` in @" + function_.name + ": " + error);
  std::vector<Value> results;
  for (size_t i = 0; i < types->size(); ++i) {
    std::string hint = i < hints.size() && !hints[i].empty() ? hints[i] : info(op.opcode).name;
    results.push_back(function_.add_value(std::move((*types)[i]), hint));
  }
  op.results = results;
  ops_->push_back(std::move(op));
  return results;
}

Value Builder::build(Opcode opcode, std::vector<Operand> operands, Attributes attributes, const std::string& hint) {
  return build_many(opcode, std::move(operands), std::move(attributes), {hint}).at(0);
}

std::vector<Value> Builder::build_many(Opcode opcode, std::vector<Operand> operands, Attributes attributes,
                                       const std::vector<std::string>& hints) {
  Op op{opcode, std::move(operands), {}, std::move(attributes), {}, {}};
  return append(std::move(op), hints);
}

std::vector<Value> Builder::build_scan(Op scan, const std::vector<std::string>& hints) {
  scan.results.clear();
  return append(std::move(scan), hints);
}

Value Builder::constant(const std::string& name, Type type, const std::string& hint) {
  Op op{Opcode::constant, {}, {}, {{"name", name}}, {}, layer_};
  Value value = function_.add_value(std::move(type), hint.empty() ? name : hint);
  op.results = {value};
  ops_->push_back(std::move(op));
  return value;
}

} // namespace rvb::ir
