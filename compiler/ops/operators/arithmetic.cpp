// add, sub, mul, div, min, max and neg, and the rule of shapes of all elementwise operators. For the shapes of
// gradients see GradientRule: they have the result's shape.
#include "ir/text.h"
#include "ops/elementwise.h"

#include <algorithm>
#include <cmath>

namespace rvb::ops {

bool broadcasts_to(const ir::Type& from, const ir::Type& to) {
  if (from.dims.empty() || from.dims == to.dims)
    return true;
  return from.rank() == 1 && !to.dims.empty() && from.dims[0] != ir::batch && from.dims[0] == to.dims.back();
}

std::optional<std::vector<int64_t>> common_dims(const Types& operands, std::string& error) {
  const ir::Type* widest = &operands[0];
  for (const ir::Type& type : operands)
    if (type.rank() > widest->rank())
      widest = &type;
  for (const ir::Type& type : operands)
    if (!broadcasts_to(type, *widest)) {
      error = "operands of types " + ir::print(type) + " and " + ir::print(*widest) + " do not fit together";
      return std::nullopt;
    }
  return widest->dims;
}

bool all_of_element(const Types& operands, ir::Element element, std::string& error) {
  for (const ir::Type& type : operands)
    if (type.element != element)
      return fail(error, "an operand has type " + ir::print(type) + ", expected " +
                             (element == ir::Element::f32   ? "f32"
                              : element == ir::Element::i32 ? "i32"
                                                            : "bool"));
  return true;
}

std::optional<ir::Element> element_of_numbers(const ir::Op& op, const Types& operands, std::string& error,
                                              size_t first) {
  std::optional<ir::Element> element;
  for (size_t i = first; i < operands.size(); ++i) {
    if (op.operands[i].is_literal())
      continue;
    const ir::Element own = operands[i].element;
    if ((own != ir::Element::f32 && own != ir::Element::i32) || own != element.value_or(own)) {
      fail(error, "an operand has type " + ir::print(operands[i]) + ", expected numbers of one kind, f32 or i32");
      return std::nullopt;
    }
    element = own;
  }
  return element.value_or(ir::Element::f32);
}

std::optional<Types> number_types(const ir::Op& op, const Types& operands, std::string& error) {
  if (!attributes_fit(op, {}, error))
    return std::nullopt;
  const std::optional<ir::Element> element = element_of_numbers(op, operands, error);
  const auto dims = element ? common_dims(operands, error) : std::nullopt;
  if (!dims)
    return std::nullopt;
  return Types{ir::Type{*element, *dims}};
}

template <ir::Element in, ir::Element out>
std::optional<Types> elementwise_types(const ir::Op& op, const Types& operands, std::string& error) {
  if (!attributes_fit(op, {}, error) || !all_of_element(operands, in, error))
    return std::nullopt;
  auto dims = common_dims(operands, error);
  if (!dims)
    return std::nullopt;
  return Types{ir::Type{out, *dims}};
}

using ir::Element;
template std::optional<Types> elementwise_types<Element::f32, Element::f32>(const ir::Op&, const Types&, std::string&);
template std::optional<Types> elementwise_types<Element::f32, Element::boolean>(const ir::Op&, const Types&,
                                                                                std::string&);
template std::optional<Types> elementwise_types<Element::boolean, Element::boolean>(const ir::Op&, const Types&,
                                                                                    std::string&);

namespace {

using ir::Opcode;
constexpr TypeRule reals = elementwise_types<Element::f32, Element::f32>;

Gradients add_gradient(ir::Builder&, const ir::Op&, const Gradients& up) {
  return {up[0], up[0]};
}

Gradients sub_gradient(ir::Builder& b, const ir::Op&, const Gradients& up) {
  return {up[0], make(b, Opcode::neg, {*up[0]})};
}

Gradients mul_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  return {make(b, Opcode::mul, {*up[0], op.operands[1]}), make(b, Opcode::mul, {*up[0], op.operands[0]})};
}

// d(x/y)/dy = -(x/y)/y
Gradients div_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  ir::Value numerator = make(b, Opcode::div, {*up[0], op.operands[1]});
  return {numerator, make(b, Opcode::neg, {make(b, Opcode::mul, {numerator, op.results[0]})})};
}

template <Opcode first_taken> Gradients choice_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  ir::Value first = make(b, first_taken, {op.operands[0], op.operands[1]});
  return {make(b, Opcode::select, {first, *up[0], number(0)}), make(b, Opcode::select, {first, number(0), *up[0]})};
}

Gradients neg_gradient(ir::Builder& b, const ir::Op&, const Gradients& up) {
  return {make(b, Opcode::neg, {*up[0]})};
}

// 0 times an unbounded side is 0: infinity only stands for "no bound", the values are finite.
float product(float a, float b) {
  return a == 0 || b == 0 ? 0 : a * b;
}

Interval mul_bounds(const Interval* x) {
  const float corners[4] = {product(x[0].low, x[1].low), product(x[0].low, x[1].high), product(x[0].high, x[1].low),
                            product(x[0].high, x[1].high)};
  return {*std::min_element(corners, corners + 4), *std::max_element(corners, corners + 4)};
}

// By a number.
Interval div_bounds(const Interval* x) {
  const float by = x[1].low;
  if (by != x[1].high || by == 0 || !std::isfinite(by))
    return {};
  return by > 0 ? Interval{x[0].low / by, x[0].high / by} : Interval{x[0].high / by, x[0].low / by};
}

} // namespace

const Meaning rows::add{
    number_types,  add_gradient,
    nullptr,       [](const ir::Op&, const double* x) -> double { return x[0] + x[1]; },
    Form::sum,     [](const Interval* x) -> Interval { return {x[0].low + x[1].low, x[0].high + x[1].high}; },
    {0, 0, {}, {}}};
const Meaning rows::sub{
    number_types,  sub_gradient,
    nullptr,       [](const ir::Op&, const double* x) -> double { return x[0] - x[1]; },
    Form::sum,     [](const Interval* x) -> Interval { return {x[0].low - x[1].high, x[0].high - x[1].low}; },
    {{}, 0, {}, 0}};
const Meaning rows::mul{
    reals,         mul_gradient, nullptr,       [](const ir::Op&, const double* x) -> double { return x[0] * x[1]; },
    Form::product, mul_bounds,   {1, 1, {}, {}}};
const Meaning rows::div{
    reals,          div_gradient, nullptr,        [](const ir::Op&, const double* x) -> double { return x[0] / x[1]; },
    Form::quotient, div_bounds,   {{}, 1, {}, {}}};
const Meaning rows::min{number_types,
                        choice_gradient<Opcode::less_equal>,
                        nullptr,
                        [](const ir::Op&, const double* x) -> double { return x[1] < x[0] ? x[1] : x[0]; },
                        Form::extreme,
                        [](const Interval* x) -> Interval {
                          return {std::min(x[0].low, x[1].low), std::min(x[0].high, x[1].high)};
                        },
                        {{}, {}, {}, {}, true}};
const Meaning rows::max{number_types,
                        choice_gradient<Opcode::greater_equal>,
                        nullptr,
                        [](const ir::Op&, const double* x) -> double { return x[1] > x[0] ? x[1] : x[0]; },
                        Form::extreme,
                        [](const Interval* x) -> Interval {
                          return {std::max(x[0].low, x[1].low), std::max(x[0].high, x[1].high)};
                        },
                        {{}, {}, {}, {}, true}};
const Meaning rows::neg{number_types,
                        neg_gradient,
                        nullptr,
                        [](const ir::Op&, const double* x) -> double { return -x[0]; },
                        Form::negation,
                        [](const Interval* x) -> Interval {
                          return {-x[0].high, -x[0].low};
                        },
                        {{}, {}, {}, {}, false, true}};

} // namespace rvb::ops
