// step, sign and ternary: functions whose true derivative is zero almost everywhere, and the derivatives they train
// with (surrogate gradient; straight-through estimator).
#include "ops/elementwise.h"

namespace rvb::ops {

namespace {

using ir::Element;
using ir::Opcode;

std::optional<Types> shape_of_one(const Types& operands, std::string& error) {
  if (!all_of_element(operands, Element::f32, error))
    return std::nullopt;
  return Types{operands[0]};
}

std::optional<Types> step_types(const ir::Op& op, const Types& operands, std::string& error) {
  if (!attributes_fit(op, {{"surrogate", Kind::text}, {"width", Kind::number, 1}}, error))
    return std::nullopt;
  std::string name = op.text("surrogate");
  if (name != "rectangle" && name != "triangle" && name != "arctangent" && name != "sigmoid") {
    error = "surrogate \"" + name + "\" is unknown (rectangle, triangle, arctangent, sigmoid)";
    return std::nullopt;
  }
  return shape_of_one(operands, error);
}

std::optional<Types> sign_types(const ir::Op& op, const Types& operands, std::string& error) {
  if (!attributes_fit(op, {{"ste", Kind::number, 1, Need::optional}}, error))
    return std::nullopt;
  return shape_of_one(operands, error);
}

// The second operand, the threshold, is broadcast as elsewhere.
std::optional<Types> ternary_types(const ir::Op& op, const Types& operands, std::string& error) {
  if (!attributes_fit(op, {{"ste", Kind::number, 1, Need::optional}}, error))
    return std::nullopt;
  const auto dims = all_of_element(operands, Element::f32, error) ? common_dims(operands, error) : std::nullopt;
  return dims ? std::optional(Types{ir::Type{Element::f32, *dims}}) : std::nullopt;
}

// upstream times the surrogate g(x); the four g are in OPERATORS.md, each with integral 1.
Gradients step_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  const ir::Operand& x = op.operands[0];
  double w = op.number("width");
  std::string name = op.text("surrogate");
  if (name == "rectangle") {
    ir::Value inside = make(b, Opcode::less_equal, {make(b, Opcode::abs, {x}), number(w / 2)});
    return {make(b, Opcode::select, {inside, make(b, Opcode::mul, {*up[0], number(1 / w)}), number(0)})};
  }
  if (name == "triangle") {
    ir::Value distance = make(b, Opcode::mul, {make(b, Opcode::abs, {x}), number(1 / w)});
    ir::Value height = make(b, Opcode::max, {make(b, Opcode::sub, {number(1), distance}), number(0)});
    return {make(b, Opcode::mul, {*up[0], make(b, Opcode::mul, {height, number(1 / w)})})};
  }
  if (name == "arctangent") {
    constexpr double pi = 3.14159265358979323846;
    ir::Value scaled = make(b, Opcode::mul, {x, number(pi / w)});
    ir::Value square = make(b, Opcode::mul, {scaled, scaled});
    ir::Value bell = make(b, Opcode::mul, {make(b, Opcode::add, {square, number(1)}), number(w)});
    return {make(b, Opcode::div, {*up[0], bell})};
  }
  ir::Value s = make(b, Opcode::sigmoid, {make(b, Opcode::mul, {x, number(1 / w)})});
  ir::Value slope = make(b, Opcode::mul, {s, make(b, Opcode::sub, {number(1), s})});
  return {make(b, Opcode::mul, {*up[0], make(b, Opcode::mul, {slope, number(1 / w)})})};
}

Gradients sign_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  ir::Value inside =
      make(b, Opcode::less_equal, {make(b, Opcode::abs, {op.operands[0]}), number(op.number("ste", 1.0))});
  return {make(b, Opcode::select, {inside, *up[0], number(0)})};
}

// The threshold is a constant to the gradient.
Gradients ternary_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  return {sign_gradient(b, op, up)[0], std::nullopt};
}

} // namespace

const Meaning rows::step{step_types,      step_gradient,
                         nullptr,         [](const ir::Op&, const double* x) -> double { return x[0] >= 0 ? 1 : 0; },
                         Form::threshold, [](const Interval*) -> Interval { return {0, 1}; }};
const Meaning rows::sign{sign_types,      sign_gradient,
                         nullptr,         [](const ir::Op&, const double* x) -> double { return x[0] >= 0 ? 1 : -1; },
                         Form::threshold, [](const Interval*) -> Interval { return {-1, 1}; }};
const Meaning rows::ternary{ternary_types, ternary_gradient, nullptr, [](const ir::Op&, const double* x) -> double {
                              return x[0] > x[1] ? 1 : x[0] < -x[1] ? -1 : 0;
                            }};

} // namespace rvb::ops
