#include "analysis/constant_in_time.h"

#include "analysis/definitions.h"
#include "analysis/known.h"
#include "ir/text.h"
#include "ops/ops.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace rvb::analysis {

using namespace ir;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

using ops::Interval;

Interval hull(Interval a, Interval b) {
  return {std::min(a.low, b.low), std::max(a.high, b.high)};
}
Interval intersect(Interval a, Interval b) {
  return {std::max(a.low, b.low), std::min(a.high, b.high)};
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
    const ops::Meaning& meaning = ops::meaning(op.opcode);
    Abstract mask;
    switch (meaning.form) {
    case ops::Form::selection:
      if (x[0].truth != Truth::unknown)
        return x[0].truth == Truth::yes ? x[1] : x[2];
      return join(x[1], x[2], false);
    case ops::Form::identity: return x[0];
    case ops::Form::threshold: {
      const Truth positive = compare({false, false}, {x[0], known(literal(0))});
      if (positive == Truth::unknown)
        return {-1, bounds(op, x), Truth::unknown};
      const double side = positive == Truth::yes ? 1 : -1;
      return known(literal(meaning.value(op, &side)));
    }
    case ops::Form::comparison: mask.truth = compare(ops::ordering(op.opcode), x); return mask;
    case ops::Form::logic: mask.truth = decided(op, x); return mask;
    case ops::Form::opaque:
    case ops::Form::negation:
    case ops::Form::magnitude:
    case ops::Form::sum:
    case ops::Form::extreme:
    case ops::Form::product:
    case ops::Form::quotient:
    case ops::Form::quantize:
    case ops::Form::dequantize: break;
    }
    const ops::Algebra& algebra = meaning.algebra;
    if (algebra.left && is(x[0], *algebra.left))
      return x[1];
    if (algebra.right && is(x[1], *algebra.right))
      return x[0];
    if (algebra.of_equals && x[0].expression >= 0 && x[0].expression == x[1].expression)
      return known(literal(*algebra.of_equals)); // a number minus itself
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

  // Logic of masks: what all ways to decide the unknown ones agree on.
  static Truth decided(const Op& op, const std::vector<Abstract>& x) {
    const ops::ValueRule rule = ops::meaning(op.opcode).value;
    bool seen[2] = {false, false};
    for (unsigned choice = 0; choice < 1u << x.size(); ++choice) {
      double masks[3] = {0, 0, 0};
      bool possible = true;
      for (size_t i = 0; i < x.size(); ++i) {
        const bool yes = (choice >> i & 1) != 0;
        possible &= x[i].truth == Truth::unknown || (x[i].truth == Truth::yes) == yes;
        masks[i] = yes ? 1 : 0;
      }
      if (possible)
        seen[rule(op, masks) != 0] = true;
    }
    return seen[0] == seen[1] ? Truth::unknown : seen[1] ? Truth::yes : Truth::no;
  }

  Truth compare(ops::Ordering ordering, std::vector<Abstract> x) {
    if (ordering.swapped) // a <= b is b >= a
      std::swap(x[0], x[1]);
    const bool strict = ordering.strict;
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
    Interval operands[3];
    for (size_t i = 0; i < x.size(); ++i)
      operands[i] = x[i].range;
    const Interval range = ops::bounds(op.opcode, operands);
    if (function_.type(op.results[0]).element != Element::f32) {
      constexpr float exact = 1 << 24;
      if (!(range.low > -exact && range.high < exact))
        return {};
    }
    return range;
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
