#include "passes/fixed/fixed_maker.h"

#include <algorithm>
#include <optional>
#include <string>

namespace rvb::passes {

using namespace ir;

namespace {

constexpr double largest_multiplier = 1 << 30;

// k where ratio is 2^k, up to what a division and a product may have rounded off.
std::optional<int> power_of_two(double ratio) {
  const double k = std::round(std::log2(ratio));
  return std::fabs(ratio / std::exp2(k) - 1) < 1e-12 ? std::optional(static_cast<int>(k)) : std::nullopt;
}

// Literals are single precision in the IR's text.
Operand literal(double number) {
  return Operand::literal(static_cast<double>(static_cast<float>(number)));
}

} // namespace

double Item::real() const {
  double largest = 0;
  for (const Numbers* numbers : {&factor, &otherwise})
    for (double n : *numbers)
      largest = std::max(largest, std::fabs(n));
  return kind == number || kind == sums ? largest * bound : largest;
}

bool all_equal(const Numbers& numbers) {
  return std::all_of(numbers.begin(), numbers.end(), [&](double n) { return n == numbers[0]; });
}

Maker::Maker(Function& function, Type slice, std::string layer, std::vector<std::pair<Value, Constant>>* constants)
    : function_(function), slice_(std::move(slice)), layer_(std::move(layer)), constants_(constants) {}

Operand Maker::op(Opcode opcode, std::vector<Operand> operands, Attributes attributes, Element element,
                  const char* name) {
  if (!making_)
    return Operand::literal(0);
  Op result;
  result.opcode = opcode;
  result.operands = std::move(operands);
  result.attributes = std::move(attributes);
  Type type = slice_;
  type.element = element;
  result.results = {function_.add_value(type, name)};
  ops.push_back(result);
  return Operand(result.results[0]);
}

Operand Maker::saturated(const Operand& x, int64_t bits, double limit, const char* name) {
  return op(Opcode::saturate, {x}, {{"bits", bits}, {"limit", static_cast<int64_t>(limit)}},
            bits == 16 ? Element::i16 : Element::i32, name);
}

// Whole constants of a channel are invariants.
Operand Maker::invariant(const Numbers& numbers, const char* name) {
  if (!making_)
    return Operand::literal(0);
  std::vector<int32_t> whole;
  for (int64_t c = 0; c < slice_.dims.back(); ++c)
    whole.push_back(static_cast<int32_t>(std::llround(numbers[static_cast<size_t>(c) % numbers.size()])));
  const auto known = known_.find(whole);
  if (known != known_.end())
    return known->second;
  const Type type{Element::i32, {slice_.dims.back()}};
  const std::string hint = (layer_.empty() ? "" : layer_ + ".") + name;
  const Value outside = function_.add_value(type, hint);
  constants_->emplace_back(outside, Constant::from_integers(type.dims, whole));
  const Value inside = function_.add_value(type, hint + ".t");
  invariants.emplace_back(Operand(outside), inside);
  return known_[whole] = Operand(inside);
}

Operand Maker::whole_constant(const Numbers& numbers, double unit, const char* name) {
  Numbers whole = numbers;
  for (double& n : whole)
    n = std::round(n / unit);
  return all_equal(whole) ? literal(whole[0]) : invariant(whole, name);
}

Item Maker::in_unit(const Item& x, double unit) {
  Item result;
  result.factor = {unit};
  result.bound = std::max(1.0, x.real() / unit); // what is rounded may be 1 where the number never is
  switch (x.kind) {
  case Item::constant: result.base = whole_constant(x.factor, unit, "whole"); break;
  case Item::choice: { // one branch is a tensor: two literals would be f32
    Numbers on = x.factor;
    for (double& n : on)
      n = std::round(n / unit);
    const Operand first = invariant(on, "whole"), second = whole_constant(x.otherwise, unit, "whole");
    result.base = op(Opcode::select, {x.base, first, second}, {}, Element::i32, "choice");
    break;
  }
  case Item::number:
  case Item::sums:
    for (double factor : x.factor)
      if (std::fabs(factor) > largest_multiplier * unit)
        throw Unsupported();
    result.base = rescaled(x, unit);
    break;
  case Item::mask:
  case Item::spikes: throw Unsupported();
  }
  return result;
}

Operand Maker::rescaled(const Item& x, double unit) {
  if (!making_)
    return Operand::literal(0);
  Numbers ratio = x.factor;
  for (double& r : ratio)
    r /= unit;
  const auto key = std::make_pair(x.base.value, ratio);
  const auto known = rescaled_.find(key);
  if (known != rescaled_.end())
    return known->second;
  return rescaled_[key] = multiplied(x.base, ratio);
}

Operand Maker::multiplied(const Operand& base, const Numbers& ratio) {
  const bool one = all_equal(ratio);
  if (one && ratio[0] > 0)
    if (const std::optional<int> k = power_of_two(ratio[0]); k && *k <= 0 && *k >= -32)
      return *k == 0 ? base
                     : op(Opcode::rescale, {base, literal(1)}, {{"shift", int64_t{-*k}}}, Element::i32, "rescaled");
  double largest = 0;
  for (double r : ratio)
    largest = std::max(largest, std::fabs(r));
  const double fits = largest > 0 ? std::floor(std::log2(largest_multiplier / largest)) : 32;
  const double shift = std::clamp(fits, 0.0, 32.0);
  Numbers multipliers = ratio;
  for (double& m : multipliers)
    m = std::round(m * std::exp2(shift));
  return op(Opcode::rescale, {base, one ? literal(multipliers[0]) : invariant(multipliers, "multiplier")},
            {{"shift", static_cast<int64_t>(shift)}}, Element::i32, "rescaled");
}

} // namespace rvb::passes
