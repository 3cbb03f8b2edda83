// abs, exp, log, sqrt, tanh, sigmoid, atan, cos and detach. Rules reuse the result where it is part of the derivative.
#include "ops/elementwise.h"

#include <algorithm>
#include <cmath>

namespace rvb::ops {

namespace {

using ir::Element;
using ir::Opcode;
constexpr TypeRule reals = elementwise_types<Element::f32, Element::f32>;

Gradients abs_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  const ir::Operand& x = op.operands[0];
  ir::Value negative =
      make(b, Opcode::select, {make(b, Opcode::less, {x, number(0)}), make(b, Opcode::neg, {*up[0]}), number(0)});
  return {make(b, Opcode::select, {make(b, Opcode::greater, {x, number(0)}), *up[0], negative})};
}

Gradients exp_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  return {make(b, Opcode::mul, {*up[0], op.results[0]})};
}

Gradients log_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  return {make(b, Opcode::div, {*up[0], op.operands[0]})};
}

// 1 / (2 sqrt(x))
Gradients sqrt_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  return {make(b, Opcode::div, {make(b, Opcode::mul, {*up[0], number(0.5)}), op.results[0]})};
}

// 1 - tanh(x)^2
Gradients tanh_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  ir::Value square = make(b, Opcode::mul, {op.results[0], op.results[0]});
  return {make(b, Opcode::mul, {*up[0], make(b, Opcode::sub, {number(1), square})})};
}

// s (1 - s)
Gradients sigmoid_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  ir::Value slope = make(b, Opcode::mul, {op.results[0], make(b, Opcode::sub, {number(1), op.results[0]})});
  return {make(b, Opcode::mul, {*up[0], slope})};
}

// 1 / (1 + x^2)
Gradients atan_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  ir::Value square = make(b, Opcode::mul, {op.operands[0], op.operands[0]});
  return {make(b, Opcode::div, {*up[0], make(b, Opcode::add, {square, number(1)})})};
}

// -sin(x), which is cos(x + pi / 2)
Gradients cos_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  constexpr double quarter = 1.57079632679489661923;
  ir::Value turned = make(b, Opcode::add, {op.operands[0], number(quarter)});
  return {make(b, Opcode::mul, {*up[0], make(b, Opcode::cos, {turned})})};
}

// sigmoid(x)
Gradients softplus_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  return {make(b, Opcode::mul, {*up[0], make(b, Opcode::sigmoid, {op.operands[0]})})};
}

// As if nothing had been rounded: straight through.
Gradients straight_gradient(ir::Builder&, const ir::Op&, const Gradients& up) {
  return {up[0]};
}

Gradients detach_gradient(ir::Builder&, const ir::Op&, const Gradients&) {
  return {std::nullopt};
}

template <int low, int high> Interval between(const Interval*) {
  return {low, high};
}

Interval at_least_zero(const Interval*) {
  return {0, std::numeric_limits<float>::infinity()};
}

Interval abs_bounds(const Interval* x) {
  const float magnitude = std::max(std::fabs(x[0].low), std::fabs(x[0].high));
  return {x[0].low > 0 ? x[0].low : x[0].high < 0 ? -x[0].high : 0, magnitude};
}

} // namespace

const Meaning rows::abs{number_types,    abs_gradient,
                        nullptr,         [](const ir::Op&, const double* x) -> double { return std::fabs(x[0]); },
                        Form::magnitude, abs_bounds};
const Meaning rows::exp{reals,        exp_gradient,
                        nullptr,      [](const ir::Op&, const double* x) -> double { return std::exp(x[0]); },
                        Form::opaque, at_least_zero};
const Meaning rows::log{reals, log_gradient, nullptr,
                        [](const ir::Op&, const double* x) -> double { return std::log(x[0]); }};
const Meaning rows::sqrt{reals,        sqrt_gradient,
                         nullptr,      [](const ir::Op&, const double* x) -> double { return std::sqrt(x[0]); },
                         Form::opaque, at_least_zero};
const Meaning rows::tanh{reals,        tanh_gradient,
                         nullptr,      [](const ir::Op&, const double* x) -> double { return std::tanh(x[0]); },
                         Form::opaque, between<-1, 1>};
const Meaning rows::sigmoid{
    reals,        sigmoid_gradient,
    nullptr,      [](const ir::Op&, const double* x) -> double { return 1 / (1 + std::exp(-x[0])); },
    Form::opaque, between<0, 1>};
const Meaning rows::atan{reals,        atan_gradient,
                         nullptr,      [](const ir::Op&, const double* x) -> double { return std::atan(x[0]); },
                         Form::opaque, between<-2, 2>};
const Meaning rows::cos{reals,        cos_gradient,
                        nullptr,      [](const ir::Op&, const double* x) -> double { return std::cos(x[0]); },
                        Form::opaque, between<-1, 1>};
// log(1 + exp(x)), where exp cannot overflow.
const Meaning rows::softplus{reals,
                             softplus_gradient,
                             nullptr,
                             [](const ir::Op&, const double* x) -> double {
                               return std::fmax(x[0], 0) + std::log1p(std::exp(-std::fabs(x[0])));
                             },
                             Form::opaque,
                             at_least_zero};
const Meaning rows::floor{reals, straight_gradient, nullptr,
                          [](const ir::Op&, const double* x) -> double { return std::floor(x[0]); }};
const Meaning rows::round{reals, straight_gradient, nullptr, // ties to even
                          [](const ir::Op&, const double* x) -> double { return std::nearbyint(x[0]); }};
const Meaning rows::detach{reals, detach_gradient, nullptr,
                           [](const ir::Op&, const double* x) -> double { return x[0]; }, Form::identity};

} // namespace rvb::ops
