// What a loop's steps do not need one after the other leaves the loop and runs once for all of them: synapses that read
// no state, what depends on invariants alone, and sums of weight gradients.
//
//   %y, %n = loop(%x, %w, %r, 0.0) {invariants = 2, states = 1} do (%i: f32[?,3], %k: f32[3,4], %q: f32[4,4], %h:
//   f32[?,4]) {
//     %a = linear(%i, %k) : f32[?,4]
//     %b = linear(%h, %q) : f32[?,4]
//     %c = add(%a, %b) : f32[?,4]
//     yield(%c, %c)
//   } : f32[9,?,4], f32[?,4]
//
// becomes
//
//   %a = linear(%x, %w) : f32[9,?,4]
//   %y, %n = loop(%a, %r, 0.0) {invariants = 1, states = 1} do (%at: f32[?,4], %q: f32[4,4], %h: f32[?,4]) {
//     %b = linear(%h, %q) : f32[?,4]
//     %c = add(%at, %b) : f32[?,4]
//     yield(%c, %c)
//   } : f32[9,?,4], f32[?,4]
//
// and a state that begins at 0 and has `linear_weight_gradient(%a, %g)` added at every step becomes one
// linear_weight_gradient of the sequences of %a and %g, which the loop emits.
// Elementwise operations leave only for synapses that need them: they are cheap, and their sequences are memory.
// Needs: nothing; dce behind it drops states that have become superfluous. Keeps: every result; sums of weight
// gradients run in another order. Breaks: nothing.
#include "ops/ops.h"
#include "passes/edit.h"
#include "passes/passes.h"

#include <algorithm>
#include <map>

namespace rvb::passes {

using namespace ir;

namespace {

// What a value of the body is outside of the loop: of every step, or the same for all.
struct Outside {
  Operand operand;
  bool stacked;
};

class HoistLoop {
public:
  HoistLoop(Function& function, Op& loop, std::vector<Op>& before, std::vector<Op>& after, Substitution& substitution)
      : function_(function), loop_(loop), before_(before), after_(after), substitution_(substitution),
        steps_(function.type(loop.operands[0].value).dims[0]) {}

  bool run() {
    const bool moved = move_out();
    return sum_outside() || moved;
  }

private:
  Body& body() { return loop_.body[0]; }

  // Every operation whose operands are outside, as a trial; those that are wanted stay there.
  bool move_out() {
    const ScanParts p = parts(loop_);
    for (int i = 0; i < p.first_state(); ++i)
      outside_[body().parameters[i]] = {loop_.operands[i], i < p.sequences};
    std::map<Value, size_t> made_by; // by value of the body: the operation that could leave
    std::map<size_t, Op> outside;    // by operation: what it is there
    for (size_t k = 0; k < body().ops.size(); ++k)
      if (std::optional<Op> op = copy_outside(body().ops[k])) {
        outside.emplace(k, std::move(*op));
        for (Value result : body().ops[k].results)
          made_by[result] = k;
      }
    std::vector<bool> leaves(body().ops.size(), false);
    for (auto each = outside.rbegin(); each != outside.rend(); ++each) {
      const Op& op = body().ops[each->first];
      const bool same = !outside_.at(op.results[0]).stacked;
      if (!leaves[each->first] && !same && (info(op.opcode).traits & linear_time) == 0)
        continue;
      leaves[each->first] = true;
      for (const Operand& operand : op.operands)
        if (const auto maker = operand.is_literal() ? made_by.end() : made_by.find(operand.value);
            maker != made_by.end())
          leaves[maker->second] = true;
    }
    if (std::find(leaves.begin(), leaves.end(), true) == leaves.end())
      return false;
    std::vector<Op> kept;
    std::map<Value, bool> gone;
    for (size_t k = 0; k < body().ops.size(); ++k) {
      if (!leaves[k]) {
        kept.push_back(std::move(body().ops[k]));
        continue;
      }
      for (Value result : body().ops[k].results)
        gone[result] = true;
      before_.push_back(std::move(outside.at(k)));
    }
    body().ops = std::move(kept);
    const auto bring_in = [&](Operand& operand) {
      if (!operand.is_literal() && gone.count(operand.value) != 0)
        operand = Operand(parameter_of(operand.value));
    };
    for (Op& op : body().ops)
      std::for_each(op.operands.begin(), op.operands.end(), bring_in);
    std::for_each(body().yields.begin(), body().yields.end(), bring_in);
    return true;
  }

  // The operation for all steps at once, and what its results are outside; nothing where it has to stay.
  std::optional<Op> copy_outside(const Op& op) {
    if (!op.body.empty() || !ops::is_pure(op.opcode) || op.operands.empty())
      return std::nullopt;
    Op copy = op;
    bool stacked = false;
    for (Operand& operand : copy.operands) {
      if (operand.is_literal())
        continue;
      const auto found = outside_.find(operand.value);
      if (found == outside_.end())
        return std::nullopt;
      stacked = stacked || found->second.stacked;
      operand = found->second.operand;
    }
    if (stacked && !alike_at_every_step(op))
      return std::nullopt;
    std::string error;
    const std::optional<std::vector<Type>> types = ops::infer(function_, copy, error);
    for (size_t r = 0; r < op.results.size(); ++r) {
      const ValueInfo info = function_.values[op.results[r]];
      const Type wanted = stacked ? with_axis0(steps_, info.type) : info.type;
      if (!types || (*types)[r] != wanted)
        return std::nullopt;
      copy.results[r] = function_.add_value(wanted, info.name);
      outside_[op.results[r]] = {Operand(copy.results[r]), stacked};
    }
    copy.layer = copy.layer.empty() ? loop_.layer : copy.layer;
    return copy;
  }

  // Whether the operation on sequences is the operation on every slice.
  bool alike_at_every_step(const Op& op) const {
    const auto is_stacked = [&](const Operand& o) { return !o.is_literal() && outside_.at(o.value).stacked; };
    if ((info(op.opcode).traits & linear_time) != 0)
      return is_stacked(op.operands[0]) && std::none_of(op.operands.begin() + 1, op.operands.end(), is_stacked);
    if (!is_elementwise(op))
      return false;
    const std::vector<int64_t>& dims = function_.type(op.results[0]).dims;
    return std::all_of(op.operands.begin(), op.operands.end(), [&](const Operand& o) {
      if (o.is_literal())
        return true;
      const Type& type = function_.type(o.value);
      return outside_.at(o.value).stacked ? type.dims == dims : type.rank() <= 1;
    });
  }

  // What has left comes back as a sequence or an invariant.
  Value parameter_of(Value value) {
    const auto [found, fresh] = parameter_.emplace(value, no_value);
    if (!fresh)
      return found->second;
    const ValueInfo info = function_.values[value];
    found->second = function_.add_value(info.type, info.name);
    const Outside& outside = outside_.at(value);
    const ScanParts p = parts(loop_);
    const int at = outside.stacked ? p.sequences : p.first_state();
    loop_.operands.insert(loop_.operands.begin() + at, outside.operand);
    body().parameters.insert(body().parameters.begin() + at, found->second);
    set_invariants(p.invariants + (outside.stacked ? 0 : 1));
    return found->second;
  }

  void set_invariants(int count) {
    if (count != 0)
      loop_.attributes["invariants"] = static_cast<int64_t>(count);
  }

  // States that sum what an operation with sums_time makes: it runs behind the loop, on sequences.
  bool sum_outside() {
    bool changed = false;
    for (int s = 0; s < parts(loop_).states; ++s)
      changed |= sum_outside(s);
    return changed;
  }

  bool sum_outside(int s) {
    const ScanParts p = parts(loop_);
    const Operand& initial = loop_.operands[p.first_state() + s];
    const Value state = body().parameters[p.first_state() + s];
    const Operand yielded = body().yields[p.emits + s];
    const Op *sum = maker(yielded), *term = nullptr;
    if (!initial.is_literal() || initial.number != 0 || sum == nullptr || sum->opcode != Opcode::add)
      return false;
    if (sum->operands[0] == Operand(state))
      term = maker(sum->operands[1]);
    else if (sum->operands[1] == Operand(state))
      term = maker(sum->operands[0]);
    if (term == nullptr || (info(term->opcode).traits & sums_time) == 0 || reads(Operand(state)) != 1 ||
        reads(yielded) != 1)
      return false;
    Op outside = *term;
    for (Operand& operand : outside.operands)
      operand = Operand(sequence_of(operand.value));
    const Value before = loop_.results[parts(loop_).emits + s];
    outside.layer = outside.layer.empty() ? loop_.layer : outside.layer;
    outside.results = {function_.add_value(function_.type(before), "d")};
    substitution_.replace(before, Operand(outside.results[0]));
    after_.push_back(std::move(outside));
    return true;
  }

  const Op* maker(const Operand& operand) {
    for (const Op& op : body().ops)
      if (!operand.is_literal() && std::find(op.results.begin(), op.results.end(), operand.value) != op.results.end())
        return &op;
    return nullptr;
  }

  int reads(const Operand& wanted) {
    int count = static_cast<int>(std::count(body().yields.begin(), body().yields.end(), wanted));
    for (const Op& op : body().ops)
      count += static_cast<int>(std::count(op.operands.begin(), op.operands.end(), wanted));
    return count;
  }

  // A value of the body for all steps: the sequence that it is a slice of, or one that is emitted from now on.
  Value sequence_of(Value value) {
    const ScanParts p = parts(loop_);
    for (int i = 0; i < p.sequences; ++i)
      if (body().parameters[i] == value)
        return loop_.operands[i].value;
    for (int e = 0; e < p.emits; ++e)
      if (body().yields[e] == Operand(value))
        return loop_.results[e];
    const ValueInfo info = function_.values[value];
    const Value sequence = function_.add_value(with_axis0(steps_, info.type), info.name);
    body().yields.insert(body().yields.begin() + p.emits, Operand(value));
    loop_.results.insert(loop_.results.begin() + p.emits, sequence);
    return sequence;
  }

  Function& function_;
  Op& loop_;
  std::vector<Op>&before_, &after_;
  Substitution& substitution_;
  int64_t steps_;
  std::map<Value, Outside> outside_; // by value of the body
  std::map<Value, Value> parameter_; // by value of the body that has left: what it came back as
};

} // namespace

bool hoist_loops(Module& module) {
  bool changed = false;
  for (Function& function : module.functions) {
    std::vector<Op> ops;
    Substitution substitution;
    for (Op& op : function.ops) {
      std::vector<Op> after;
      if (op.opcode == Opcode::loop)
        changed |= HoistLoop(function, op, ops, after, substitution).run();
      ops.push_back(std::move(op));
      std::move(after.begin(), after.end(), std::back_inserter(ops));
    }
    function.ops = std::move(ops);
    substitution.apply(function);
  }
  return changed;
}

} // namespace rvb::passes
