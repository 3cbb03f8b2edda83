#include "export/nir/neuron.h"

#include "ir/ir.h"
#include "ops/ops.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace rvb::exporting::nir {

namespace {

struct NoForm {
  std::string reason;
};

Numbers each(const Numbers& a, const Numbers& b, const std::function<double(double, double)>& of) {
  Numbers result(std::max(a.size(), b.size()));
  for (size_t i = 0; i < result.size(); ++i)
    result[i] = of(a[a.size() == 1 ? 0 : i], b[b.size() == 1 ? 0 : i]);
  return result;
}
Numbers sum(const Numbers& a, const Numbers& b) {
  return each(a, b, [](double x, double y) { return x + y; });
}
Numbers product(const Numbers& a, const Numbers& b) {
  return each(a, b, [](double x, double y) { return x * y; });
}
Numbers quotient(const Numbers& a, const Numbers& b) {
  return each(a, b, [](double x, double y) { return x / y; });
}
bool all(const Numbers& numbers, const std::function<bool(double)>& is) {
  return std::all_of(numbers.begin(), numbers.end(), is);
}
bool is(const Numbers& numbers, double value) {
  return all(numbers, [&](double x) { return x == value; });
}
bool close(const Numbers& a, const Numbers& b) {
  return all(each(a, b, [](double x, double y) { return std::fabs(x - y) - 1e-12 * (1 + std::fabs(x)); }),
             [](double over) { return over <= 0; });
}

// Factors of the states, of the input, and a constant: last.
using Linear = std::vector<Numbers>;

struct Mask {
  Linear form; // fires where it is >= 0
  bool strict = false;
};

// A number on either side of the one comparison; alike on both where there is none.
struct Sides {
  Linear yes, no;
  bool split = false;
};

class Reader {
public:
  Reader(const layers::Neuron& neuron, const std::vector<Numbers>& trained)
      : neuron_(neuron), size_(static_cast<size_t>(neuron.states) + 2) {
    locals_.resize(neuron.locals.size());
    locals_[0] = whole(unit(size_ - 2));
    for (size_t s = 0; s + 2 < size_; ++s)
      locals_[1 + s] = whole(unit(s));
    for (size_t t = 0; t < trained.size(); ++t)
      locals_[size_ - 1 + t] = whole(constant(trained[t]));
  }

  Dynamics read() {
    Sides emitted;
    for (const layers::Statement& statement : neuron_.statements)
      if (statement.kind == layers::Statement::Kind::emit)
        emitted = value(statement.value);
      else
        locals_[static_cast<size_t>(statement.local)] = value(statement.value);
    if (!mask_)
      throw NoForm{"it never fires"};
    if (neuron_.states == 1)
      return described(0, emitted);
    if (neuron_.states == 2) // the membrane is the one of the two that the comparison turns
      return described(locals_[1].split || !locals_[2].split ? 0 : 1, emitted);
    throw NoForm{"it has " + std::to_string(neuron_.states) + " states"};
  }

private:
  Linear constant(const Numbers& numbers) const {
    Linear form(size_, {0});
    form.back() = numbers;
    return form;
  }
  Linear unit(size_t which) const {
    Linear form(size_, {0});
    form[which] = {1};
    return form;
  }
  static Sides whole(const Linear& form) { return {form, form, false}; }

  bool is_constant(const Linear& form) const {
    return std::all_of(form.begin(), form.end() - 1, [](const Numbers& factor) { return is(factor, 0); });
  }

  // Both sides of operands, by a rule for linear forms.
  static Sides both(const Sides& a, const Sides& b, const std::function<Linear(const Linear&, const Linear&)>& of) {
    return {of(a.yes, b.yes), of(a.no, b.no), a.split || b.split};
  }

  Linear added(const Linear& a, const Linear& b, double sign) const {
    Linear result = a;
    for (size_t i = 0; i < size_; ++i)
      result[i] = sum(a[i], product(b[i], {sign}));
    return result;
  }
  Linear times(const Linear& a, const Linear& b) const {
    if (!is_constant(a) && !is_constant(b))
      throw NoForm{"it multiplies its states"};
    const Linear &form = is_constant(a) ? b : a, &factor = is_constant(a) ? a : b;
    Linear result = form;
    for (Numbers& each : result)
      each = product(each, factor.back());
    return result;
  }

  // `form` >= 0, or > 0, as the one comparison.
  Sides compared(const Sides& form, bool strict) {
    if (form.split)
      throw NoForm{"it compares twice"};
    if (is_constant(form.yes)) {
      const Numbers& c = form.yes.back();
      const auto holds = [&](double x) { return strict ? x > 0 : x >= 0; };
      if (!all(c, holds) && !all(c, [&](double x) { return !holds(x); }))
        throw NoForm{"a comparison of numbers differs by channel"};
      return whole(constant({holds(c[0]) ? 1.0 : 0.0}));
    }
    if (mask_ &&
        (mask_->strict != strict || !std::equal(mask_->form.begin(), mask_->form.end(), form.yes.begin(), close)))
      throw NoForm{"it compares twice"};
    mask_ = Mask{form.yes, strict};
    return {constant({1}), constant({0}), true};
  }

  static Sides chosen(const Sides& mask, const Sides& a, const Sides& b) {
    const auto side = [](const Linear& condition, const Linear& x, const Linear& y) {
      return is(condition.back(), 0) ? y : x;
    };
    return {side(mask.yes, a.yes, b.yes), side(mask.no, a.no, b.no), mask.split || a.split || b.split};
  }

  Sides value(const layers::Expression& e) {
    if (e.kind == layers::Expression::Kind::number)
      return whole(constant({e.number}));
    if (e.kind == layers::Expression::Kind::local)
      return locals_.at(static_cast<size_t>(e.local));
    std::vector<Sides> x;
    for (const layers::Expression& operand : e.operands)
      x.push_back(value(operand));
    const auto plus = [&](const Linear& a, const Linear& b) { return added(a, b, 1); };
    const auto minus = [&](const Linear& a, const Linear& b) { return added(a, b, -1); };
    const auto multiplied = [&](const Linear& a, const Linear& b) { return times(a, b); };
    const std::string& name = e.operation;
    if (name == "add")
      return both(x[0], x[1], plus);
    if (name == "sub")
      return both(x[0], x[1], minus);
    if (name == "neg")
      return both(whole(constant({0})), x[0], minus);
    if (name == "mul")
      return both(x[0], x[1], multiplied);
    if (name == "detach")
      return x[0];
    if (name == "step" || name == "greater_equal" || name == "less_equal")
      return compared(name == "step"            ? x[0]
                      : name == "greater_equal" ? both(x[0], x[1], minus)
                                                : both(x[1], x[0], minus),
                      false);
    if (name == "greater" || name == "less")
      return compared(name == "greater" ? both(x[0], x[1], minus) : both(x[1], x[0], minus), true);
    if (name == "select")
      return chosen(x[0], x[1], x[2]);
    if (name == "div" && is_constant(x[1].yes) && is_constant(x[1].no))
      return both(x[0], x[1],
                  [&](const Linear& a, const Linear& b) { return times(a, constant(quotient({1}, b.back()))); });
    return computed(name, x);
  }

  // Of numbers alone.
  Sides computed(const std::string& name, const std::vector<Sides>& x) const {
    for (const Sides& operand : x)
      if (operand.split || !is_constant(operand.yes))
        throw NoForm{"`" + name + "` of its state is not linear"};
    ir::Op op;
    op.opcode = ir::find_operator(name)->opcode;
    Numbers result(1);
    for (const Sides& operand : x)
      result.resize(std::max(result.size(), operand.yes.back().size()));
    for (size_t i = 0; i < result.size(); ++i) {
      double numbers[3] = {0, 0, 0};
      for (size_t k = 0; k < x.size(); ++k)
        numbers[k] = x[k].yes.back()[x[k].yes.back().size() == 1 ? 0 : i];
      const std::optional<double> value = ops::evaluate(op, ir::Element::f32, numbers);
      if (!value)
        throw NoForm{"`" + name + "` has no value"};
      result[i] = *value;
    }
    return whole(constant(result));
  }

  // The membrane where it does not fire is what the comparison has seen; k (v - threshold) >= 0 with k > 0.
  Dynamics described(size_t state, const Sides& emitted) const {
    const size_t input = size_ - 2, number = size_ - 1;
    Dynamics d;
    d.strict = mask_->strict;
    Linear v = locals_[1 + state].no;
    const Linear after = locals_[1 + state].yes;
    const Numbers k = quotient(mask_->form[input], v[input]);
    Linear scaled = v;
    for (Numbers& each : scaled)
      each = product(each, k);
    scaled.back() = mask_->form.back();
    if (!all(k, [](double x) { return x > 0 && std::isfinite(x); }) ||
        !std::equal(scaled.begin(), scaled.end(), mask_->form.begin(), close))
      throw NoForm{"it does not compare its membrane with a number, or resets a step later"};
    d.threshold = sum(v[number], product(quotient(mask_->form[number], k), {-1}));
    if (is_constant(after))
      d.reset = after[number];
    else if (const Linear less = added(added(v, after, -1), constant(d.threshold), -1);
             is_constant(less) && close(less[number], {0}))
      d.subtracts = true;
    else
      throw NoForm{"its reset is neither a number nor one threshold less"};
    const auto nothing = [&](const Linear& form) { return is_constant(form) && is(form[number], 0); };
    if (is_constant(emitted.yes) && is(emitted.yes[number], 1) && nothing(emitted.no))
      d.real = false;
    else if (std::equal(v.begin(), v.end(), emitted.yes.begin(), close) && nothing(emitted.no))
      d.real = true;
    else
      throw NoForm{"a spike of it is neither 1 nor its membrane"};
    d.leak = v[state];
    d.drive = v[number];
    d.gain = v[input];
    if (size_ == 4)
      add_current(d, 1 - state, v);
    return d;
  }

  void add_current(Dynamics& d, size_t current, const Linear& v) const {
    const Sides& i = locals_[1 + current];
    const size_t input = size_ - 2, number = size_ - 1;
    if (!std::equal(i.yes.begin(), i.yes.end(), i.no.begin(), close) || !is(i.no[1 - current], 0) ||
        !is(i.no[number], 0))
      throw NoForm{"its second state is no current that decays by itself"};
    d.current = true;
    d.decay = i.no[current];
    d.weight = i.no[input];
    d.gain = quotient(v[input], d.weight);
    if (!all(d.gain, [](double x) { return std::isfinite(x); }) || !close(v[current], product(d.gain, d.decay)))
      throw NoForm{"its membrane does not read the current of the same step"};
  }

  const layers::Neuron& neuron_;
  const size_t size_; // of linear forms
  std::vector<Sides> locals_;
  std::optional<Mask> mask_;
};

} // namespace

std::optional<Dynamics> dynamics_of(const layers::Neuron& neuron, const std::vector<Numbers>& trained,
                                    std::string& reason) {
  if (std::any_of(neuron.initial.begin(), neuron.initial.end(), [](double value) { return value != 0; })) {
    reason = "its state does not begin at 0";
    return std::nullopt;
  }
  try {
    return Reader(neuron, trained).read();
  } catch (const NoForm& none) {
    reason = none.reason;
    return std::nullopt;
  }
}

} // namespace rvb::exporting::nir
