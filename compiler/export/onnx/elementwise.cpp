#include "export/onnx/translate.h"

#include "analysis/known.h"
#include "ir/elementwise.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace rvb::exporting {

namespace {

using ir::Elementwise;

// The operator that does the same; null where it takes several, or none.
const char* same(Elementwise operation) {
  switch (operation) {
  case Elementwise::add: return "Add";
  case Elementwise::sub: return "Sub";
  case Elementwise::mul: return "Mul";
  case Elementwise::div: return "Div";
  case Elementwise::min: return "Min";
  case Elementwise::max: return "Max";
  case Elementwise::neg: return "Neg";
  case Elementwise::abs: return "Abs";
  case Elementwise::exp: return "Exp";
  case Elementwise::log: return "Log";
  case Elementwise::sqrt: return "Sqrt";
  case Elementwise::tanh: return "Tanh";
  case Elementwise::sigmoid: return "Sigmoid";
  case Elementwise::atan: return "Atan";
  case Elementwise::cos: return "Cos";
  case Elementwise::softplus: return "Softplus";
  case Elementwise::floor: return "Floor";
  case Elementwise::round: return "Round"; // ties to even, as ours
  case Elementwise::greater_equal: return "GreaterOrEqual";
  case Elementwise::greater: return "Greater";
  case Elementwise::less_equal: return "LessOrEqual";
  case Elementwise::less: return "Less";
  case Elementwise::logical_and: return "And";
  case Elementwise::logical_or: return "Or";
  case Elementwise::logical_not: return "Not";
  case Elementwise::select: return "Where";
  case Elementwise::step:
  case Elementwise::sign:
  case Elementwise::ternary:
  case Elementwise::detach:
  case Elementwise::quantize:
  case Elementwise::dequantize:
  case Elementwise::rescale:
  case Elementwise::saturate: break;
  }
  return nullptr;
}

// `x` holds the operands, spread; gives the result's name.
std::string several(Translator& out, Elementwise operation, const std::vector<std::string>& x,
                    const std::string& hint) {
  const auto literal = [&](double value) { return out.number(value, ir::Element::f32); };
  if (operation == Elementwise::step)
    return out.node("Cast", {out.node("GreaterOrEqual", {x[0], literal(0)}, "fires")}, hint,
                    {{"to", int64_t{static_cast<int>(Kind::f32)}}});
  if (operation == Elementwise::sign)
    return out.node("Where", {out.node("GreaterOrEqual", {x[0], literal(0)}, "mask"), literal(1), literal(-1)}, hint);
  if (operation == Elementwise::ternary) {
    const std::string above = out.node("Greater", x, "above");
    const std::string below = out.node("Less", {x[0], out.node("Neg", {x[1]}, "negative")}, "below");
    return out.node("Where", {above, literal(1), out.node("Where", {below, literal(-1), literal(0)}, "low")}, hint);
  }
  throw std::logic_error("integer spikes are not exported to ONNX");
}

// Of numbers alone, and sums with the 0 that a state begins with: no node.
bool folded(Translator& out, const ir::Op& op) {
  std::vector<float> numbers;
  std::vector<Bound> operands;
  for (const ir::Operand& operand : op.operands) {
    operands.push_back(out.bound(operand));
    if (operands.back().literal)
      numbers.push_back(static_cast<float>(*operands.back().literal));
  }
  if (op.opcode == ir::Opcode::detach) {
    out.bind(op.results[0], operands[0]);
    return true;
  }
  const ir::Type& type = out.function().type(op.results[0]);
  if (numbers.size() == operands.size() && type.element == ir::Element::f32)
    if (const std::optional<float> value = analysis::evaluate(out.function(), op, numbers.data())) {
      out.bind(op.results[0], {double{*value}, nullptr, {}});
      return true;
    }
  if (op.opcode == ir::Opcode::add)
    for (const int which : {0, 1}) {
      const Bound &other = operands[static_cast<size_t>(1 - which)], &one = operands[static_cast<size_t>(which)];
      if (one.literal && *one.literal == 0 && !other.literal && other.tensor.type.rank() == type.rank()) {
        out.bind(op.results[0], other);
        return true;
      }
    }
  return false;
}

// What a real-valued spike is, `u >= least ? u : 0`, and the membrane after it, `u >= least ? 0 : u`: runtimes join a
// Relu with the convolution before it. ThresholdedRelu compares with >, so its number is the one below.
std::string spike(Translator& out, const ir::Op& op, const std::vector<int>& order) {
  if (op.opcode != ir::Opcode::select)
    return "";
  const auto is_zero = [&](int which) {
    const Bound operand = out.bound(op.operands[static_cast<size_t>(which)]);
    return operand.literal && *operand.literal == 0;
  };
  const int u = is_zero(2) ? 1 : is_zero(1) ? 2 : 0;
  if (u == 0)
    return "";
  const ir::Operand& operand = op.operands[static_cast<size_t>(u)];
  const std::optional<double> least = out.least_of(op.operands[0], operand);
  const Bound membrane = out.bound(operand);
  if (!least || membrane.literal || membrane.tensor.name.empty() || membrane.tensor.order != order)
    return "";
  const std::string& name = membrane.tensor.name;
  const std::string emitted = *least == 0
                                  ? out.node("Relu", {name}, "spike")
                                  : out.node("ThresholdedRelu", {name}, "spike",
                                             {{"alpha", std::nextafter(static_cast<float>(*least), -INFINITY)}});
  return u == 1 ? emitted : out.node("Sub", {name, emitted}, "rest");
}

} // namespace

void emit_elementwise(Translator& out, const ir::Op& op) {
  if (folded(out, op))
    return;
  const ir::Type& result = out.function().type(op.results[0]);
  std::vector<int> order = identity_order(result.rank());
  ir::Element element = ir::Element::f32; // of literals: that of the numbers next to them
  for (size_t i = op.operands.size(); i-- > 0;) {
    const Bound operand = out.bound(op.operands[i]);
    if (operand.literal)
      continue;
    if (operand.tensor.type.element != ir::Element::boolean)
      element = operand.tensor.type.element;
    if (operand.tensor.type.rank() == result.rank() && !operand.tensor.name.empty())
      order = operand.tensor.order;
  }
  if (op.opcode == ir::Opcode::greater_equal && !op.operands[0].is_literal())
    if (const Bound least = out.bound(op.operands[1]); least.literal)
      out.note_mask(op.results[0], op.operands[0].value, *least.literal);
  if (const std::string name = spike(out, op, order); !name.empty()) {
    out.bind(op.results[0], name, order);
    return;
  }
  std::vector<std::string> operands;
  for (const ir::Operand& operand : op.operands)
    operands.push_back(out.spread(operand, result, order, element));
  // Of numbers alone that are not known here (masks, what is learned): one of them is spread, so that the result is.
  if (std::none_of(op.operands.begin(), op.operands.end(), [&](const ir::Operand& operand) {
        const Bound value = out.bound(operand);
        return !value.literal && value.tensor.type.rank() == result.rank();
      })) {
    ir::Type type = result;
    type.element = element;
    operands.back() = out.whole(out.bound(op.operands.back()), type, order).name;
  }
  const Elementwise operation = *ir::elementwise_of(op.opcode);
  const std::string& hint = out.function().values[static_cast<size_t>(op.results[0])].name;
  const char* type = same(operation);
  out.bind(op.results[0], type != nullptr ? out.node(type, operands, hint) : several(out, operation, operands, hint),
           order);
}

} // namespace rvb::exporting
