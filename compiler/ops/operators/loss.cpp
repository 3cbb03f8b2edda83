// cross_entropy(logits, labels) = mean over the batch, and over time where there is time, of
// -sum over k of target[k] * log softmax(logits)[k]; target is (1 - smoothing) at the label plus smoothing / classes.
#include "ir/text.h"
#include "ops/rules.h"

namespace rvb::ops {

namespace {

using ir::Opcode;

bool fits(const ir::Op& op, const Types& operands, std::string& error) {
  const ir::Type& logits = operands[0];
  if (!attributes_fit(op, {{"smoothing", Kind::number, 0, Need::optional}}, error) ||
      !is_tensor(logits, 2, 1, "the first operand", error))
    return false;
  if (op.number("smoothing") < 0 || op.number("smoothing") > 1)
    return fail(error, "`smoothing` is to be from 0 to 1");
  const bool steps = logits.rank() == 3 && logits.dims[0] != ir::batch;
  if (logits.rank() != 2 && !steps)
    return fail(error,
                "the logits have type " + ir::print(logits) + ", expected [batch, classes] or [T, batch, classes]");
  ir::Type labels{ir::Element::i32, {logits.dims[steps ? 1 : 0]}};
  return operands[1] == labels ||
         fail(error, "the labels have type " + ir::print(operands[1]) + ", expected " + ir::print(labels));
}

std::optional<Types> loss_types(const ir::Op& op, const Types& operands, std::string& error) {
  if (!fits(op, operands, error))
    return std::nullopt;
  return Types{ir::Type{}};
}

std::optional<Types> gradient_types(const ir::Op& op, const Types& operands, std::string& error) {
  if (!fits(op, operands, error))
    return std::nullopt;
  return Types{operands[0]};
}

// The loss is where differentiation starts: an upstream of exactly 1 costs nothing.
Gradients loss_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  ir::Value slope = make(b, Opcode::cross_entropy_gradient, {op.operands[0], op.operands[1]}, op.attributes);
  if (up[0]->is_literal() && up[0]->number == 1.0)
    return {slope, std::nullopt};
  return {make(b, Opcode::mul, {slope, *up[0]}), std::nullopt};
}

} // namespace

const Meaning rows::cross_entropy{loss_types, loss_gradient, nullptr};
const Meaning rows::cross_entropy_gradient{gradient_types, nullptr, nullptr};

} // namespace rvb::ops
