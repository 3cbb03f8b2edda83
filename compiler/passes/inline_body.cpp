// The inlining of bodies in which some operands have become numbers.
#include "analysis/known.h"
#include "ops/ops.h"
#include "passes/edit.h"

#include <algorithm>

namespace rvb::passes {

using namespace ir;

namespace {

// What a body's value has become: an operand, or a mask that is the same everywhere.
struct Known {
  Operand operand;
  std::optional<bool> mask;
  bool number() const { return !mask && operand.is_literal(); }
};

class Inliner {
public:
  Inliner(Function& function, std::vector<Op>& out) : function_(function), out_(out) {}

  bool append(const Op& op) {
    std::vector<Known> operands;
    for (const Operand& operand : op.operands)
      operands.push_back(look_up(operand));
    Known& result = known(op.results[0]);
    if (const std::optional<Known> simple = simplify(op, operands)) {
      result = *simple;
      return true;
    }
    Op copy = op;
    const Type type = function_.type(op.results[0]);
    bool has_shape = false;
    std::string error;
    for (size_t i = 0; i < operands.size(); ++i) {
      if (operands[i].mask)
        return false;
      copy.operands[i] = operands[i].operand;
      has_shape |= !operands[i].number() && function_.type(operands[i].operand.value).dims == type.dims;
    }
    if (!has_shape)
      return false;
    // Two literals where there were integers would be reals.
    const std::optional<std::vector<Type>> types = ops::infer(function_, copy, error);
    if (!types || (*types)[0] != type)
      return false;
    copy.results[0] = function_.add_value(type, function_.values[op.results[0]].name);
    result = Known{Operand(copy.results[0]), std::nullopt};
    out_.push_back(std::move(copy));
    return true;
  }

  void bind(Value parameter, const Operand& argument) { known(parameter) = Known{argument, std::nullopt}; }

  Known look_up(const Operand& operand) {
    return operand.is_literal() ? Known{operand, std::nullopt} : known(operand.value);
  }

private:
  Known& known(Value v) {
    if (v >= static_cast<Value>(known_.size()))
      known_.resize(v + 1);
    return known_[v];
  }

  static bool is(const Known& k, double number) {
    return k.mask ? *k.mask == (number != 0) : k.number() && k.operand.number == number;
  }

  std::optional<Known> simplify(const Op& op, const std::vector<Known>& x) {
    bool numbers = true;
    float values[3] = {0, 0, 0};
    for (size_t i = 0; i < x.size(); ++i) {
      numbers &= x[i].mask.has_value() || x[i].number();
      values[i] = x[i].mask ? *x[i].mask : static_cast<float>(x[i].operand.number);
    }
    if (op.opcode == Opcode::select && x[0].mask)
      return *x[0].mask ? x[1] : x[2];
    if (numbers) {
      const std::optional<float> value = evaluate(function_, op, values);
      if (!value)
        return std::nullopt;
      if (function_.type(op.results[0]).element == Element::boolean)
        return Known{Operand(), *value != 0};
      return Known{Operand::literal(*value), std::nullopt};
    }
    const ops::Algebra& algebra = ops::meaning(op.opcode).algebra;
    if (x.size() != 2)
      return std::nullopt;
    for (int i = 0; i < 2; ++i) {
      if (algebra.absorbing && is(x[i], *algebra.absorbing))
        return x[i];
      const std::optional<double>& neutral = i == 0 ? algebra.left : algebra.right;
      if (neutral && is(x[i], *neutral))
        return x[1 - i];
    }
    return std::nullopt;
  }

  Function& function_;
  std::vector<Op>& out_;
  std::vector<Known> known_;
};

} // namespace

std::optional<std::vector<Operand>> inline_body(Function& function, const Body& body,
                                                const std::vector<Operand>& arguments, std::vector<Op>& out) {
  const size_t before = out.size();
  Inliner inliner(function, out);
  for (size_t i = 0; i < arguments.size(); ++i)
    inliner.bind(body.parameters[i], arguments[i]);
  std::vector<Operand> yields;
  bool fits = true;
  for (const Op& op : body.ops)
    fits = fits && inliner.append(op);
  for (const Operand& yield : body.yields) {
    const Known known = inliner.look_up(yield);
    fits = fits && !known.mask;
    yields.push_back(known.operand);
  }
  if (fits)
    return yields;
  out.resize(before);
  return std::nullopt;
}

} // namespace rvb::passes
