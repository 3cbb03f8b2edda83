// repeat, sum_time, mean_time; and scan's row, whose types are inferred in infer.cpp (they need the body) and whose
// gradient is the pass differentiate's work (it plans what is remembered).
#include "ir/text.h"
#include "ops/rules.h"

namespace rvb::ops {

namespace {

using ir::Opcode;

std::optional<Types> repeat_types(const ir::Op& op, const Types& operands, std::string& error) {
  if (!attributes_fit(op, {{"times", Kind::integer, 1}}, error) || !is_tensor(operands[0], 0, 0, "the operand", error))
    return std::nullopt;
  ir::Type result = operands[0];
  result.dims.insert(result.dims.begin(), op.integer("times"));
  return Types{result};
}

std::optional<Types> over_time_types(const ir::Op& op, const Types& operands, std::string& error) {
  if (!attributes_fit(op, {}, error) || !is_tensor(operands[0], 1, 0, "the sequence", error))
    return std::nullopt;
  if (operands[0].dims[0] == ir::batch) {
    error = "the sequence has type " + ir::print(operands[0]) + ", which has no time axis";
    return std::nullopt;
  }
  ir::Type result = operands[0];
  result.dims.erase(result.dims.begin());
  return Types{result};
}

std::optional<Types> scan_types(const ir::Op&, const Types&, std::string& error) {
  error = "the types of a scan need its body";
  return std::nullopt;
}

Gradients repeat_gradient(ir::Builder& b, const ir::Op&, const Gradients& up) {
  return {make(b, Opcode::sum_time, {*up[0]})};
}

// A scalar's upstream may be a literal, and repeat takes values: the product with 1 is one.
ir::Value as_value(ir::Builder& b, const ir::Operand& operand) {
  return operand.is_literal() ? make(b, Opcode::mul, {operand, number(1)}) : operand.value;
}

int64_t steps(ir::Builder& b, const ir::Op& op) {
  return b.type_of(op.operands[0]).dims[0];
}

Gradients sum_time_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  return {make(b, Opcode::repeat, {as_value(b, *up[0])}, {{"times", steps(b, op)}})};
}

Gradients mean_time_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  int64_t times = steps(b, op);
  ir::Value share = make(b, Opcode::mul, {*up[0], number(1.0 / static_cast<double>(times))});
  return {make(b, Opcode::repeat, {share}, {{"times", times}})};
}

} // namespace

const Meaning rows::scan{scan_types, nullptr, nullptr};
const Meaning rows::repeat{repeat_types, repeat_gradient, nullptr};
const Meaning rows::sum_time{over_time_types, sum_time_gradient, nullptr};
const Meaning rows::mean_time{over_time_types, mean_time_gradient, nullptr};

} // namespace rvb::ops
