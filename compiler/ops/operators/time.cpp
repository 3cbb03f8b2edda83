// repeat, sum_time, mean_time, split_time, stack_time; and the rows of scan and loop, whose types are inferred in
// recurrence.cpp (they need the body) and whose gradient is the pass differentiate's work (it plans what is
// remembered).
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

// [T, rest] -> T times [rest]
std::optional<Types> split_types(const ir::Op& op, const Types& operands, std::string& error) {
  std::optional<Types> slice = over_time_types(op, operands, error);
  return slice ? std::optional(Types(static_cast<size_t>(operands[0].dims[0]), (*slice)[0])) : std::nullopt;
}

std::optional<Types> stack_types(const ir::Op& op, const Types& operands, std::string& error) {
  if (!attributes_fit(op, {}, error) || operands.empty() || !is_tensor(operands[0], 1, 0, "the first step", error))
    return std::nullopt;
  for (const ir::Type& step : operands)
    if (step != operands[0]) {
      error = "the steps have types " + ir::print(operands[0]) + " and " + ir::print(step);
      return std::nullopt;
    }
  ir::Type result = operands[0];
  result.dims.insert(result.dims.begin(), static_cast<int64_t>(operands.size()));
  return Types{result};
}

Gradients split_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  std::vector<ir::Operand> steps;
  for (size_t t = 0; t < up.size(); ++t)
    steps.push_back(up[t] ? *up[t] : ir::Operand(zeros(b, b.type_of(op.results[t]))));
  return {make(b, Opcode::stack_time, steps)};
}

Gradients stack_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  const std::vector<ir::Value> steps =
      b.build_many(Opcode::split_time, {*up[0]}, {}, std::vector<std::string>(op.operands.size(), "d"));
  return {steps.begin(), steps.end()};
}

std::optional<Types> body_types(const ir::Op&, const Types&, std::string& error) {
  error = "the types need the body";
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

const Meaning rows::scan{body_types, nullptr, nullptr};
const Meaning rows::loop{body_types, nullptr, nullptr};
const Meaning rows::repeat{repeat_types, repeat_gradient, nullptr};
const Meaning rows::sum_time{over_time_types, sum_time_gradient, nullptr};
const Meaning rows::mean_time{over_time_types, mean_time_gradient, nullptr};
const Meaning rows::split_time{split_types, split_gradient, nullptr};
const Meaning rows::stack_time{stack_types, stack_gradient, nullptr};

} // namespace rvb::ops
