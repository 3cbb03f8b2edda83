#include "analysis/constant_in_time.h"

#include "analysis/definitions.h"
#include "analysis/known.h"
#include "ir/elementwise.h"
#include "ir/text.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace rvb::analysis {

using namespace ir;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

struct Interval {
  float low = -infinity, high = infinity;
  bool empty() const { return low > high; }
  bool operator==(const Interval& o) const { return low == o.low && high == o.high; }
};

Interval hull(Interval a, Interval b) {
  return {std::min(a.low, b.low), std::max(a.high, b.high)};
}
Interval intersect(Interval a, Interval b) {
  return {std::max(a.low, b.low), std::min(a.high, b.high)};
}

// 0 times an unbounded side is 0: infinity only stands for "no bound", the values are finite.
float product(float a, float b) {
  return a == 0 || b == 0 ? 0 : a * b;
}

enum class Truth { no, yes, unknown };

struct Abstract {
  int expression = -1; // -1: not known to equal anything of the first step
  Interval range;
  Truth truth = Truth::unknown; // of masks
};

struct Case {
  std::map<int, Interval> ranges; // what the comparisons decided so far say about expressions
  std::map<int, Truth> masks;     // and about comparisons of two unknowns
};

class Prover {
public:
  Prover(const Function& function, const Op& scan) : function_(function), scan_(scan), body_(scan.body[0]) {
    proven_.assign(parts(scan).emits, true);
  }

  std::vector<bool> prove() {
    if (!prove(Case{}))
      proven_.assign(proven_.size(), false);
    return proven_;
  }

private:
  // One case; false when it cannot be finished within the limits.
  bool prove(Case facts) {
    if (++cases_ > 128)
      return false;
    for (const auto& [expression, range] : facts.ranges)
      if (range.empty())
        return true; // no input is like this
    facts_ = &facts;
    const ScanParts p = parts(scan_);
    std::vector<Abstract> inputs, states;
    for (int i = 0; i < p.first_state(); ++i)
      inputs.push_back(known(symbol(i)));
    for (int j = 0; j < p.states; ++j) {
      const Operand& initial = scan_.operands[p.first_state() + j];
      states.push_back(known(initial.is_literal() ? literal(initial.number) : symbol(p.first_state() + j)));
    }

    split_ = false;
    first_step_ = true;
    const std::vector<Abstract> first = run(inputs, states);
    if (split_) {
      const Case yes = refined(facts, true), no = refined(facts, false);
      return prove(yes) && prove(no);
    }

    first_step_ = false;
    states.assign(first.begin() + p.emits, first.end());
    std::vector<Abstract> later;
    for (int round = 0;; ++round) {
      if (round > 50)
        return false;
      later = run(inputs, states);
      bool stable = true;
      for (int j = 0; j < p.states; ++j) {
        const Abstract joined = join(states[j], later[p.emits + j], round > 8);
        stable &= joined.expression == states[j].expression && joined.range == states[j].range;
        states[j] = joined;
      }
      if (stable)
        break;
    }
    for (int m = 0; m < p.emits; ++m)
      if (first[m].expression < 0 || later[m].expression != first[m].expression)
        proven_[m] = false;
    return true;
  }

  std::vector<Abstract> run(const std::vector<Abstract>& inputs, const std::vector<Abstract>& states) {
    values_.assign(function_.values.size(), Abstract{});
    for (size_t i = 0; i < body_.parameters.size(); ++i)
      values_[body_.parameters[i]] = i < inputs.size() ? inputs[i] : states[i - inputs.size()];
    for (const Op& op : body_.ops) {
      std::vector<Abstract> operands;
      for (const Operand& operand : op.operands)
        operands.push_back(look_up(operand));
      values_[op.results[0]] = apply(op, operands);
      if (split_)
        return {};
    }
    std::vector<Abstract> yields;
    for (const Operand& yield : body_.yields)
      yields.push_back(look_up(yield));
    return yields;
  }

  Abstract look_up(const Operand& operand) {
    return operand.is_literal() ? known(literal(operand.number)) : values_[operand.value];
  }

  // Expressions are numbered by their text: equal texts, equal values.
  int number(const std::string& text) { return expressions_.emplace(text, expressions_.size()).first->second; }
  int symbol(int parameter) { return number("%" + std::to_string(parameter)); }
  int literal(double value) {
    // 0 and -0 are one number: no operation of a body but a division can tell them apart.
    const float rounded = static_cast<float>(value);
    const int expression = number(print_number(rounded == 0 ? 0.0 : rounded));
    literals_[expression] = rounded;
    return expression;
  }
  bool is(const Abstract& a, float value) const {
    const auto found = literals_.find(a.expression);
    return found != literals_.end() && found->second == value;
  }

  Abstract known(int expression, Interval range = {}) {
    const auto found = literals_.find(expression);
    if (found != literals_.end())
      range = {found->second, found->second};
    const auto fact = facts_->ranges.find(expression);
    if (fact != facts_->ranges.end())
      range = intersect(range, fact->second);
    return {expression, range, Truth::unknown};
  }

  static Abstract join(const Abstract& a, const Abstract& b, bool widen) {
    Abstract joined;
    joined.expression = a.expression == b.expression ? a.expression : -1;
    joined.range = hull(a.range, b.range);
    if (widen) { // a bound that still moves has none
      if (joined.range.low < a.range.low)
        joined.range.low = -infinity;
      if (joined.range.high > a.range.high)
        joined.range.high = infinity;
    }
    joined.truth = a.truth == b.truth ? a.truth : Truth::unknown;
    return joined;
  }

  Abstract apply(const Op& op, const std::vector<Abstract>& x) {
    if (op.opcode == Opcode::select) {
      if (x[0].truth != Truth::unknown)
        return x[0].truth == Truth::yes ? x[1] : x[2];
      return join(x[1], x[2], false);
    }
    if (op.opcode == Opcode::detach)
      return x[0];
    if (op.opcode == Opcode::step || op.opcode == Opcode::sign) {
      const Truth positive = compare(Opcode::greater_equal, {x[0], known(literal(0))});
      if (positive == Truth::unknown)
        return {-1, {op.opcode == Opcode::step ? 0.0f : -1.0f, 1.0f}, Truth::unknown};
      return known(literal(positive == Truth::yes ? 1 : op.opcode == Opcode::step ? 0 : -1));
    }
    Abstract result;
    switch (*elementwise_of(op.opcode)) {
    case Elementwise::greater_equal:
    case Elementwise::greater:
    case Elementwise::less_equal:
    case Elementwise::less: result.truth = compare(op.opcode, x); return result;
    case Elementwise::logical_and: result.truth = both(x[0].truth, x[1].truth); return result;
    case Elementwise::logical_or: result.truth = negated(both(negated(x[0].truth), negated(x[1].truth))); return result;
    case Elementwise::logical_not: result.truth = negated(x[0].truth); return result;
    case Elementwise::add:
      if (is(x[0], 0))
        return x[1];
      if (is(x[1], 0))
        return x[0];
      break;
    case Elementwise::sub:
      if (is(x[1], 0))
        return x[0];
      if (x[0].expression >= 0 && x[0].expression == x[1].expression)
        return known(literal(0)); // a number minus itself
      break;
    case Elementwise::mul:
      if (is(x[0], 1))
        return x[1];
      if (is(x[1], 1))
        return x[0];
      break;
    case Elementwise::div:
    case Elementwise::min:
    case Elementwise::max:
    case Elementwise::neg:
    case Elementwise::abs:
    case Elementwise::exp:
    case Elementwise::log:
    case Elementwise::sqrt:
    case Elementwise::tanh:
    case Elementwise::sigmoid:
    case Elementwise::atan:
    case Elementwise::select:
    case Elementwise::step:
    case Elementwise::sign:
    case Elementwise::ternary:
    case Elementwise::detach:
    case Elementwise::quantize:
    case Elementwise::dequantize:
    case Elementwise::rescale:
    case Elementwise::saturate: break;
    }
    const Interval range = bounds(op, x);
    std::string text = info(op.opcode).name;
    for (const auto& [name, attribute] : op.attributes)
      text += " " + name + "=" + print(attribute);
    bool exact = true, numbers = true;
    float values[3] = {0, 0, 0};
    for (size_t i = 0; i < x.size(); ++i) {
      exact &= x[i].expression >= 0;
      text += " " + std::to_string(x[i].expression);
      const auto found = literals_.find(x[i].expression);
      numbers &= found != literals_.end();
      values[i] = numbers ? found->second : 0;
    }
    if (numbers)
      if (const std::optional<float> value = evaluate(function_, op, values))
        return known(literal(*value));
    return exact ? known(number(text), range) : Abstract{-1, range, Truth::unknown};
  }

  static Truth negated(Truth t) { return t == Truth::unknown ? t : t == Truth::yes ? Truth::no : Truth::yes; }
  static Truth both(Truth a, Truth b) {
    if (a == Truth::no || b == Truth::no)
      return Truth::no;
    return a == Truth::yes && b == Truth::yes ? Truth::yes : Truth::unknown;
  }

  Truth compare(Opcode opcode, std::vector<Abstract> x) {
    if (opcode == Opcode::less_equal || opcode == Opcode::less) // a <= b is b >= a
      std::swap(x[0], x[1]);
    const bool strict = opcode == Opcode::greater || opcode == Opcode::less;
    const Interval a = x[0].range, b = x[1].range;
    if (strict ? a.low > b.high : a.low >= b.high)
      return Truth::yes;
    if (strict ? a.high <= b.low : a.high < b.low)
      return Truth::no;
    if (x[0].expression < 0 || x[1].expression < 0)
      return Truth::unknown;
    if (x[0].expression == x[1].expression)
      return strict ? Truth::no : Truth::yes;
    const int mask =
        number((strict ? "> " : ">= ") + std::to_string(x[0].expression) + " " + std::to_string(x[1].expression));
    const auto fact = facts_->masks.find(mask);
    if (fact != facts_->masks.end())
      return fact->second;
    if (first_step_) {
      split_ = true;
      split_mask_ = mask;
      split_strict_ = strict;
      split_left_ = x[0];
      split_right_ = x[1];
    }
    return Truth::unknown;
  }

  // What `left >= right` (or >) being true or false says.
  Case refined(const Case& facts, bool holds) const {
    Case more = facts;
    more.masks[split_mask_] = holds ? Truth::yes : Truth::no;
    auto limit = [&](int expression, Interval range) {
      const auto [at, fresh] = more.ranges.emplace(expression, range);
      if (!fresh)
        at->second = intersect(at->second, range);
    };
    auto above = [&](float bound, bool strictly) { return strictly ? std::nextafter(bound, infinity) : bound; };
    auto below = [&](float bound, bool strictly) { return strictly ? std::nextafter(bound, -infinity) : bound; };
    const Interval a = split_left_.range, b = split_right_.range;
    if (holds) {
      limit(split_left_.expression, {above(b.low, split_strict_), infinity});
      limit(split_right_.expression, {-infinity, below(a.high, split_strict_)});
    } else {
      limit(split_left_.expression, {-infinity, below(b.high, !split_strict_)});
      limit(split_right_.expression, {above(a.low, !split_strict_), infinity});
    }
    return more;
  }

  // Bounds are floats: of integers that are beyond their exact range nothing is known, nor of sums that might wrap.
  Interval bounds(const Op& op, const std::vector<Abstract>& x) const {
    Interval range = bounds_of_reals(*elementwise_of(op.opcode), x);
    if (function_.type(op.results[0]).element != Element::f32) {
      constexpr float exact = 1 << 24;
      if (!(range.low > -exact && range.high < exact))
        return {};
    }
    return range;
  }

  static Interval bounds_of_reals(Elementwise op, const std::vector<Abstract>& x) {
    const Interval a = x[0].range, b = x.size() > 1 ? x[1].range : Interval{};
    switch (op) {
    case Elementwise::add: return {a.low + b.low, a.high + b.high};
    case Elementwise::sub: return {a.low - b.high, a.high - b.low};
    case Elementwise::mul: {
      const float corners[4] = {product(a.low, b.low), product(a.low, b.high), product(a.high, b.low),
                                product(a.high, b.high)};
      return {*std::min_element(corners, corners + 4), *std::max_element(corners, corners + 4)};
    }
    case Elementwise::div:
      if (b.low == b.high && b.low != 0 && std::isfinite(b.low))
        return b.low > 0 ? Interval{a.low / b.low, a.high / b.low} : Interval{a.high / b.low, a.low / b.low};
      return {};
    case Elementwise::min: return {std::min(a.low, b.low), std::min(a.high, b.high)};
    case Elementwise::max: return {std::max(a.low, b.low), std::max(a.high, b.high)};
    case Elementwise::neg: return {-a.high, -a.low};
    case Elementwise::abs: {
      const float magnitude = std::max(std::fabs(a.low), std::fabs(a.high));
      return {a.low > 0 ? a.low : a.high < 0 ? -a.high : 0, magnitude};
    }
    case Elementwise::exp:
    case Elementwise::sqrt: return {0, infinity};
    case Elementwise::sigmoid: return {0, 1};
    case Elementwise::tanh: return {-1, 1};
    case Elementwise::atan: return {-2, 2};
    case Elementwise::log:
    case Elementwise::greater_equal:
    case Elementwise::greater:
    case Elementwise::less_equal:
    case Elementwise::less:
    case Elementwise::logical_and:
    case Elementwise::logical_or:
    case Elementwise::logical_not:
    case Elementwise::select:
    case Elementwise::step:
    case Elementwise::sign:
    case Elementwise::ternary:
    case Elementwise::detach:
    case Elementwise::quantize:
    case Elementwise::dequantize:
    case Elementwise::rescale:
    case Elementwise::saturate: return {};
    }
    return {};
  }

  const Function& function_;
  const Op& scan_;
  const Body& body_;
  std::vector<bool> proven_;
  std::map<std::string, int> expressions_;
  std::map<int, float> literals_;
  std::vector<Abstract> values_;
  const Case* facts_ = nullptr;
  int cases_ = 0;
  bool first_step_ = true;
  bool split_ = false;
  bool split_strict_ = false;
  int split_mask_ = -1;
  Abstract split_left_, split_right_;
};

} // namespace

std::vector<bool> constant_in_time(const Function& function, const Op& scan) {
  return Prover(function, scan).prove();
}

} // namespace rvb::analysis
