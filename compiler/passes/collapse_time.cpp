// What does not vary with time is computed once: `repeat` sinks through the network, and a neuron that is proven to
// emit the same at every step runs for one.
//
//   %r = repeat(%x) {times = 4} : f32[4,?,8,8,3]
//   %i = conv2d(%r, %w) {pad = [1, 1], stride = [1, 1]} : f32[4,?,8,8,16]
//   %o, %v = scan(%i, 0.0) {axis = 0, states = 1} do (%it: f32[?,8,8,16], %u: f32[?,8,8,16]) {
//     %l = mul(%u, 0.25) : f32[?,8,8,16]
//     %m = add(%l, %it) : f32[?,8,8,16]
//     %f = greater_equal(%m, 0.0) : bool[?,8,8,16]
//     %e = select(%f, %m, 0.0) : f32[?,8,8,16]
//     %n = select(%f, 0.0, %m) : f32[?,8,8,16]
//     yield(%e, %n)
//   } : f32[4,?,8,8,16], f32[?,8,8,16]
//   %y = mean_time(%o) : f32[?,8,8,16]
//
// becomes (after dce)
//
//   %i = conv2d(%x, %w) {pad = [1, 1], stride = [1, 1]} : f32[?,8,8,16]
//   %f = greater_equal(%i, 0.0) : bool[?,8,8,16]
//   %e = select(%f, %i, 0.0) : f32[?,8,8,16]
//
// Needs: nothing. Run before differentiate, so that the gradient is collapsed too.
// Keeps: every result, bit for bit where the prover speaks of equal expressions; mean_time of T equal numbers is that
//   number (summing T of them and dividing would round when T is not a power of two).
// Keeps, in @train, the gradient as well. Without a surrogate the gradient is the true derivative almost everywhere,
// and
//   equal functions have equal derivatives; a body with `step`, `sign` or `detach` says something else than its
//   derivative, so in @train it is left alone unless T = 1.
// Breaks: nothing. A scan that is not proven constant, or whose final states are used, stays and gets its repeat back.
#include "analysis/constant_in_time.h"
#include "ops/ops.h"
#include "passes/edit.h"
#include "passes/passes.h"

#include <algorithm>
#include <map>

namespace rvb::passes {

using namespace ir;

namespace {

class Collapse {
public:
  explicit Collapse(Function& function) : function_(function), uses_(count_uses(function)) {}

  bool run() {
    std::vector<Op> before = std::move(function_.ops);
    function_.ops.clear();
    for (Op& op : before) {
      substitution_.apply(op);
      if (!collapse(op))
        keep(op);
    }
    for (Operand& result : function_.results) {
      result = substitution_(result);
      materialize(result);
    }
    return changed_;
  }

private:
  // The value that `operand` repeats over time; nothing when it may vary.
  std::optional<Value> once(const Operand& operand) const {
    if (operand.is_literal() || operand.value >= static_cast<Value>(once_.size()) || once_[operand.value] == no_value)
      return std::nullopt;
    return once_[operand.value];
  }
  void set_once(Value value, Value repeated) {
    if (value >= static_cast<Value>(once_.size()))
      once_.resize(function_.values.size(), no_value);
    once_[value] = repeated;
  }

  // The sequence itself, made again from what it repeats: someone needs all the steps.
  void materialize(const Operand& operand) {
    const std::optional<Value> repeated = once(operand);
    if (!repeated)
      return;
    const auto found = remade_.find(operand.value);
    if (found != remade_.end()) { // `repeat` is for real numbers: the operation itself is made again
      Op op = found->second;
      once_[operand.value] = no_value;
      remember(operand.value, *repeated);
      for (const Operand& read : op.operands)
        materialize(read);
      function_.ops.push_back(std::move(op));
      return;
    }
    Op repeat;
    repeat.opcode = Opcode::repeat;
    repeat.operands = {Operand(*repeated)};
    repeat.results = {operand.value};
    repeat.attributes["times"] = function_.type(operand.value).dims[0];
    function_.ops.push_back(std::move(repeat));
    once_[operand.value] = no_value;
    remember(operand.value, *repeated);
  }

  // Still known to repeat, and now made.
  void remember(Value value, Value repeated) {
    later_once_.resize(function_.values.size(), no_value);
    later_once_[value] = repeated;
  }

  void keep(Op& op) {
    for (const Operand& operand : op.operands)
      materialize(operand);
    function_.ops.push_back(std::move(op));
  }

  // Either kind: not yet made, or made for somebody else.
  std::optional<Value> repeats(const Operand& operand) const {
    if (const std::optional<Value> v = once(operand))
      return v;
    if (!operand.is_literal() && operand.value < static_cast<Value>(later_once_.size()) &&
        later_once_[operand.value] != no_value)
      return later_once_[operand.value];
    return std::nullopt;
  }

  // Appends `op` typed by its rule; its first result stands for one step of the first of `every`. False where the axis
  // that repeats is no time but one of those that the operator needs.
  bool append(Op op, const Op& every) {
    std::string error;
    const std::optional<std::vector<Type>> types = ops::infer(function_, op, error);
    if (!types)
      return false;
    const Value whole = every.results[0];
    if (function_.type(whole).element != Element::f32)
      remade_[whole] = every;
    const Value one = function_.add_value((*types)[0], function_.values[whole].name);
    op.results[0] = one;
    function_.ops.push_back(std::move(op));
    set_once(whole, one);
    changed_ = true;
    return true;
  }

  bool collapse(const Op& op) {
    if (op.opcode == Opcode::repeat) {
      if (repeats(op.operands[0]))
        return false;
      set_once(op.results[0], op.operands[0].value);
      return true;
    }
    if (is_elementwise(op))
      return collapse_elementwise(op);
    if (op.opcode == Opcode::mean_time || op.opcode == Opcode::sum_time)
      return collapse_sum(op);
    if (op.opcode == Opcode::scan)
      return collapse_scan(op);
    return collapse_alike(op);
  }

  // What treats every step alike and alone.
  bool collapse_alike(const Op& op) {
    if (op.operands.empty() || !repeats(op.operands[0]))
      return false;
    std::vector<Type> types;
    for (const Operand& operand : op.operands)
      types.push_back(operand.is_literal() ? Type{} : function_.type(operand.value));
    std::optional<Op> one = ops::on_one_step(op, types);
    if (!one)
      return false;
    const bool all = ops::meaning(op.opcode).steps_in_all;
    for (size_t i = 0; i < op.operands.size(); ++i) {
      const std::optional<Value> x = repeats(op.operands[i]);
      if (x.has_value() != (i == 0 || all))
        return false;
      if (x)
        one->operands[i] = Operand(*x);
    }
    return append(std::move(*one), op);
  }

  bool collapse_elementwise(const Op& op) {
    const Type whole = function_.type(op.results[0]);
    Op one = op;
    bool any = false;
    for (Operand& operand : one.operands) {
      if (operand.is_literal())
        continue;
      if (const std::optional<Value> x = repeats(operand); x && function_.type(operand.value).dims == whole.dims) {
        operand = Operand(*x);
        any = true;
      } else if (x || function_.type(operand.value).dims == whole.dims) {
        return false;
      }
    }
    if (!any)
      return false;
    return append(std::move(one), op);
  }

  bool collapse_sum(const Op& op) {
    const std::optional<Value> x = repeats(op.operands[0]);
    if (!x)
      return false;
    changed_ = true;
    if (op.opcode == Opcode::mean_time) {
      substitution_.replace(op.results[0], Operand(*x));
      return true;
    }
    Op product;
    product.opcode = Opcode::mul;
    product.operands = {Operand(*x),
                        Operand::literal(static_cast<double>(function_.type(op.operands[0].value).dims[0]))};
    product.results = op.results;
    product.layer = op.layer;
    function_.ops.push_back(std::move(product));
    return true;
  }

  // A body whose gradient is not its derivative.
  static bool has_surrogate(const Op& scan) {
    const std::vector<Op>& ops = scan.body[0].ops;
    return std::any_of(ops.begin(), ops.end(), [](const Op& op) {
      return op.opcode == Opcode::step || op.opcode == Opcode::sign || op.opcode == Opcode::detach;
    });
  }

  bool collapse_scan(const Op& scan) {
    const ScanParts p = parts(scan);
    std::vector<Operand> arguments = scan.operands;
    for (int i = 0; i < p.sequences; ++i) {
      const std::optional<Value> x = repeats(scan.operands[i]);
      if (!x)
        return false;
      arguments[i] = Operand(*x);
    }
    for (int i = p.sequences; i < static_cast<int>(arguments.size()); ++i)
      if (repeats(arguments[i]))
        return false;
    const int64_t steps = function_.type(scan.operands[0].value).dims[0];
    if (steps > 1 && function_.name == "train" && has_surrogate(scan))
      return false;
    // One step is the whole of it; without a state every step is alike.
    const bool trivially = steps == 1 || p.states == 0;
    const std::vector<bool> constant = trivially ? std::vector<bool>(p.emits, true) : constant_in_time(function_, scan);
    bool whole = true; // the scan itself is not needed any more
    for (int m = 0; m < p.emits; ++m)
      whole &= constant[m] || uses_[scan.results[m]] == 0;
    for (int j = 0; j < p.states; ++j)
      whole &= steps == 1 || uses_[scan.results[p.emits + j]] == 0;
    if (std::none_of(constant.begin(), constant.end(), [](bool c) { return c; }))
      return false;

    const size_t mark = function_.ops.size();
    const std::optional<std::vector<Operand>> yields = inline_body(function_, scan.body[0], arguments, function_.ops);
    auto fits = [&](int i) {
      const Operand& yield = (*yields)[i];
      const Type& type = function_.type(scan.results[i]);
      return !yield.is_literal() && type.element == Element::f32 &&
             function_.type(yield.value) == (i < p.emits ? without_axis0(type) : type);
    };
    bool good = yields.has_value();
    for (int i = 0; good && i < static_cast<int>(scan.results.size()); ++i)
      if (uses_[scan.results[i]] != 0 && (i >= p.emits ? steps == 1 : constant[i]))
        good = fits(i);
    if (!good) {
      function_.ops.resize(mark);
      return false;
    }
    for (size_t i = mark; i < function_.ops.size(); ++i)
      function_.ops[i].layer = scan.layer;
    Op rest = scan;
    for (int m = 0; m < p.emits; ++m) {
      if (!constant[m] || uses_[scan.results[m]] == 0)
        continue;
      set_once(scan.results[m], (*yields)[m].value);
      if (!whole) // the scan that stays makes a value nobody asks for
        rest.results[m] = function_.add_value(function_.type(scan.results[m]), function_.values[scan.results[m]].name);
    }
    if (steps == 1)
      for (int j = p.emits; j < static_cast<int>(scan.results.size()); ++j)
        if (uses_[scan.results[j]] != 0)
          substitution_.replace(scan.results[j], (*yields)[j]);
    if (!whole)
      keep(rest);
    changed_ = true;
    return true;
  }

  Function& function_;
  std::vector<int> uses_;
  std::vector<Value> once_;       // by sequence: what it repeats, while the sequence itself is not made
  std::vector<Value> later_once_; // the same for sequences that were made after all
  std::map<Value, Op> remade_;    // sequences of masks and integers that are not made: how they would be
  Substitution substitution_;
  bool changed_ = false;
};

} // namespace

bool collapse_time(Module& module) {
  bool changed = false;
  for (Function& function : module.functions)
    changed |= Collapse(function).run();
  return changed;
}

} // namespace rvb::passes
