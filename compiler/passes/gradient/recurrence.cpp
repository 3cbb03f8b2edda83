// A scan or loop backwards.
//
// The backward body runs the forward body again from the step's slices and the states before the step (which the
// forward operation emits as well, but only those that are read: a scan's state that begins as a number over one step
// is that number), then takes the operators' gradient rules backwards. The adjoints of the states are the backward
// operation's states; they begin as the gradient of the final states.
//
// A scan's body holds elementwise operators only: gradients of invariants are emitted element by element and summed
// outside. Where the rules read less of the forward body than its states (a mask of who fires), the forward scan emits
// that instead, and the forward body is not run again.
//
// A loop's body may hold anything: gradients of invariants (weights) are summed from step to step in states of their
// own; what its synapses made is emitted by the forward loop, so that only elementwise operations run again.
#include "passes/gradient/reverse.h"

#include <algorithm>

namespace rvb::passes {

using namespace ir;

namespace {

// A sequence for the backward operation, and the value of the forward body that it is made of.
struct Remembered {
  Value sequence, inside;
};

int64_t bytes(const Type& type) {
  return type.element == Element::boolean ? 1 : 4;
}

class Recurrence {
public:
  Recurrence(Reversal& reversal, std::vector<Op>& ops, size_t index, Builder& builder, Adjoints& adjoints)
      : function_(reversal.function), reversal_(reversal), active_(reversal.active), ops_(ops), index_(index),
        builder_(builder), adjoints_(adjoints), forward_(ops[index]), p_(parts(forward_)),
        loop_(forward_.opcode == Opcode::loop) {
    const Type whole = function_.type(forward_.operands[0].value);
    steps_ = whole.dims[0];
    slice_ = {Element::f32, without_axis0(whole).dims};
  }

  void run() {
    bool flows = false;
    for (Value result : forward_.results)
      flows |= adjoints_.get(result).has_value();
    if (!flows || !active_.any(forward_))
      return;
    declare();
    const size_t copied = write_body();
    const size_t emitted = write_yields();
    for (int j = 0; j < p_.states; ++j)
      if (before_[j] != no_value)
        remembered_.push_back({before_[j], forward_.body[0].parameters[p_.first_state() + j]});
    if (loop_)
      remember_synapses(copied);
    else if (!known_ && p_.states > 0)
      remember_less(copied);
    finish(emitted);
  }

private:
  Body& body() { return backward_.body[0]; }
  const std::string& name_of(int i) const { return function_.values[forward_.body[0].parameters[i]].name; }
  const Type& state_type(int j) const { return function_.type(forward_.body[0].parameters[p_.first_state() + j]); }
  Type emit_type(int m) const { return loop_ ? function_.type(forward_.body[0].yields[m].value) : slice_; }

  Operand parameter(const Operand& operand, Type type, const std::string& hint) {
    backward_.operands.push_back(operand);
    body().parameters.push_back(function_.add_value(std::move(type), hint));
    return Operand(body().parameters.back());
  }

  // What stands for the forward body's parameter.
  void see(int i, const Operand& operand) {
    seen_[i] = operand;
    if (!operand.is_literal() && (i >= p_.first_state() || active_(forward_.operands[i])))
      active_.add(operand.value);
  }

  // Parameters: sequences, states before the step, upstream gradients; invariants; adjoints of the states, sums of the
  // invariants' gradients.
  void declare() {
    backward_.opcode = forward_.opcode;
    backward_.layer = forward_.layer;
    backward_.body.resize(1);
    seen_.resize(forward_.operands.size());
    for (int i = 0; i < p_.sequences; ++i)
      see(i, parameter(forward_.operands[i], without_axis0(function_.type(forward_.operands[i].value)), name_of(i)));
    known_ = !loop_ && steps_ == 1 && literal_states();
    before_.assign(p_.states, no_value);
    for (int j = 0; j < p_.states; ++j) {
      const int i = p_.first_state() + j;
      if (known_) {
        see(i, forward_.operands[i]);
        continue;
      }
      const Type type = state_type(j);
      before_[j] = function_.add_value(with_axis0(steps_, type), name_of(i) + ".before");
      see(i, parameter(Operand(before_[j]), type, name_of(i)));
    }
    upstream_.resize(p_.emits);
    for (int m = 0; m < p_.emits; ++m)
      if (const std::optional<Operand> gradient = adjoints_.get(forward_.results[m]))
        upstream_[m] = parameter(*gradient, emit_type(m), "up");
    for (int i = p_.sequences; i < p_.first_state(); ++i)
      see(i, parameter(forward_.operands[i], function_.type(forward_.operands[i].value), name_of(i)));
    for (int j = 0; j < p_.states; ++j)
      adjoint_state_.push_back(parameter(adjoints_.get(forward_.results[p_.emits + j]).value_or(Operand::literal(0)),
                                         state_type(j), "adjoint." + name_of(p_.first_state() + j)));
  }

  // Forward once more, then backwards from what was yielded. Gives the number of operations of the forward body.
  size_t write_body() {
    const std::vector<Operand> yields = copy_body();
    const size_t copied = body().ops.size();
    for (size_t k = 0; k < copied; ++k)
      active_.spread(body().ops[k]);
    Builder inner(function_, body().ops, ops::infer);
    for (int y = 0; y < static_cast<int>(yields.size()); ++y) {
      const Operand seed = y < p_.emits ? upstream_[y] : adjoint_state_[y - p_.emits];
      if (!yields[y].is_literal() && !seed.is_literal() && active_(yields[y]))
        local_.add(inner, yields[y].value, seed);
    }
    for (size_t k = copied; k-- > 0;)
      reverse(reversal_, body().ops, k, inner, local_, loop_);
    return copied;
  }

  // Gradients of sequences, in a scan of invariants too; then the states' adjoints before the step, in a loop the sums
  // of the invariants' gradients. Gives how many are emitted.
  size_t write_yields() {
    Builder inner(function_, body().ops, ops::infer);
    // A loop yields values.
    const auto yield = [&](const Operand& gradient, const Type& type) {
      const bool value = !loop_ || !gradient.is_literal();
      body().yields.push_back(
          value ? gradient
                : Operand(inner.build(Opcode::fill, {}, {{"dims", type.dims}, {"value", gradient.number}}, "d")));
    };
    for (int i = 0; i < (loop_ ? p_.sequences : p_.first_state()); ++i) {
      if (!active_(forward_.operands[i]))
        continue;
      if (const std::optional<Operand> gradient = local_.get(seen_[i].value)) {
        receives_.push_back(i);
        yield(*gradient, function_.type(seen_[i].value));
      }
    }
    const size_t emitted = receives_.size();
    for (int j = 0; j < p_.states; ++j) {
      const Operand& state = seen_[p_.first_state() + j];
      const std::optional<Operand> gradient = state.is_literal() ? std::nullopt : local_.get(state.value);
      receives_.push_back(p_.first_state() + j);
      yield(gradient.value_or(Operand::literal(0)), state_type(j));
    }
    int sums = 0;
    for (int i = p_.sequences; loop_ && i < p_.first_state(); ++i) {
      const std::optional<Operand> gradient = local_.get(seen_[i].value);
      if (!active_(forward_.operands[i]) || !gradient)
        continue;
      const Operand sum =
          parameter(Operand::literal(0), function_.type(forward_.operands[i].value), "sum." + name_of(i));
      receives_.push_back(i);
      body().yields.emplace_back(inner.build(Opcode::add, {sum, *gradient}, {}, "d"));
      ++sums;
    }
    set_counts(backward_, p_.invariants, p_.states + sums);
    if (forward_.integer("reverse") == 0 && p_.states + sums > 0)
      backward_.attributes["reverse"] = int64_t{1};
    return emitted;
  }

  // Drops what nobody needs, and hands the gradients on.
  void finish(size_t emitted) {
    std::vector<bool> used;
    for (size_t y = 0; y < receives_.size(); ++y) {
      const int i = receives_[y];
      used.push_back(i < p_.first_state() || active_(forward_.operands[i]));
    }
    if (std::find(used.begin(), used.end(), true) == used.end())
      return;
    // Which states before the step are needed is known once the body is pruned.
    for (size_t y = 0; y < body().yields.size(); ++y)
      backward_.results.push_back(static_cast<Value>(y)); // the old number of each result, while results are dropped
    prune_scan(function_, backward_, used);
    const std::vector<Value> kept = backward_.results;
    remember();
    std::vector<std::string> names;
    for (Value y : kept)
      names.emplace_back(y < static_cast<Value>(emitted) ? "d" : "adjoint");
    const std::vector<Value> results = builder_.build_scan(std::move(backward_), names);
    for (size_t r = 0; r < results.size(); ++r) {
      const int i = receives_[kept[r]];
      const Operand& operand = forward_.operands[i];
      if (!active_(operand))
        continue;
      Operand gradient(results[r]);
      if (!loop_ && i >= p_.sequences && i < p_.first_state())
        gradient = ops::reduce_to(builder_, gradient, function_.type(operand.value));
      adjoints_.add(builder_, operand.value, gradient);
    }
  }

  // Simplified where states are numbers (literal_states has tried), else operation by operation.
  std::vector<Operand> copy_body() {
    const Body& from = forward_.body[0];
    if (known_)
      return *inline_body(function_, from, seen_, body().ops);
    std::vector<Operand> map;
    for (Value v = 0; v < static_cast<Value>(function_.values.size()); ++v)
      map.push_back(Operand(v));
    for (size_t i = 0; i < seen_.size(); ++i)
      map[from.parameters[i]] = seen_[i];
    clone_ops(function_, from.ops, map, body().ops);
    std::vector<Operand> yields;
    for (const Operand& yield : from.yields)
      yields.push_back(mapped(map, yield));
    return yields;
  }

  // Whether all states begin as numbers that the body can do with instead of tensors.
  bool literal_states() {
    const Body& from = forward_.body[0];
    std::vector<Operand> arguments(from.parameters.begin(), from.parameters.end());
    for (int i = p_.first_state(); i < static_cast<int>(arguments.size()); ++i) {
      if (!forward_.operands[i].is_literal())
        return false;
      arguments[i] = forward_.operands[i];
    }
    std::vector<Op> trial;
    return inline_body(function_, from, arguments, trial).has_value();
  }

  // From now on `again`, a value of the forward body's copy, comes from the forward operation, which makes `inside`.
  void take(Value again, Value inside, size_t first_reader) {
    const Type type = function_.type(again);
    const Value sequence = function_.add_value(with_axis0(steps_, type), function_.values[inside].name);
    const Value parameter = function_.add_value(type, function_.values[inside].name);
    const ScanParts now = parts(backward_);
    backward_.operands.insert(backward_.operands.begin() + now.sequences, Operand(sequence));
    body().parameters.insert(body().parameters.begin() + now.sequences, parameter);
    for (size_t later = first_reader; later < body().ops.size(); ++later)
      std::replace(body().ops[later].operands.begin(), body().ops[later].operands.end(), Operand(again),
                   Operand(parameter));
    std::replace(body().yields.begin(), body().yields.end(), Operand(again), Operand(parameter));
    remembered_.push_back({sequence, inside});
  }

  // What is not elementwise does not run again.
  void remember_synapses(size_t copied) {
    for (size_t k = 0; k < copied; ++k) {
      const Op& again = body().ops[k];
      if (is_elementwise(again) || !again.body.empty())
        continue;
      const std::vector<Value> results = again.results, inside = forward_.body[0].ops[k].results;
      for (size_t r = 0; r < results.size(); ++r)
        take(results[r], inside[r], k + 1);
    }
  }

  // Remembers, instead of the states before each step, what the gradient rules read of the values that are computed
  // from those states, where that is fewer bytes. The first `copied` operations of the backward body are the forward
  // body's.
  void remember_less(size_t copied) {
    std::vector<bool> from_state(function_.values.size(), false), read(function_.values.size(), false);
    int64_t state_bytes = 0;
    for (int i = p_.first_state(); i < static_cast<int>(seen_.size()); ++i)
      if (!seen_[i].is_literal()) {
        from_state[seen_[i].value] = true;
        state_bytes += bytes(function_.type(seen_[i].value));
      }
    for (size_t k = 0; k < copied; ++k)
      for (const Operand& operand : body().ops[k].operands)
        if (!operand.is_literal() && from_state[operand.value])
          from_state[body().ops[k].results[0]] = true;
    auto reads = [&](const Operand& operand) {
      if (!operand.is_literal())
        read[operand.value] = true;
    };
    for (const Operand& yield : body().yields)
      reads(yield);
    for (size_t k = body().ops.size(); k-- > copied;) // rules also build what nobody reads
      if (read[body().ops[k].results[0]])
        for (const Operand& operand : body().ops[k].operands)
          reads(operand);
    for (int i = p_.first_state(); i < static_cast<int>(seen_.size()); ++i)
      if (!seen_[i].is_literal() && read[seen_[i].value])
        return; // a state is needed itself
    std::vector<size_t> cut;
    int64_t cut_bytes = 0;
    for (size_t k = 0; k < copied; ++k)
      if (Value v = body().ops[k].results[0]; from_state[v] && read[v]) {
        cut.push_back(k);
        cut_bytes += bytes(function_.type(v));
      }
    if (cut_bytes >= state_bytes)
      return;
    for (size_t k : cut)
      take(body().ops[k].results[0], forward_.body[0].ops[k].results[0], copied);
  }

  // The forward operation emits what the backward one reads of it.
  void remember() {
    Op& forward = ops_[index_];
    int emits = parts(forward).emits;
    for (const Remembered& r : remembered_) {
      const std::vector<Operand>& read = backward_.operands;
      if (std::find(read.begin(), read.end(), Operand(r.sequence)) == read.end())
        continue;
      Body& body = forward.body[0];
      body.yields.insert(body.yields.begin() + emits, Operand(r.inside));
      forward.results.insert(forward.results.begin() + emits, r.sequence);
      ++emits;
    }
  }

  Function& function_;
  Reversal& reversal_;
  Active& active_;
  std::vector<Op>& ops_;
  size_t index_;
  Builder& builder_;
  Adjoints& adjoints_;
  const Op forward_; // a copy: operations are appended meanwhile
  const ScanParts p_;
  const bool loop_;
  int64_t steps_ = 1;
  Type slice_;

  Op backward_;
  std::vector<Operand> seen_;          // what stands for the forward body's parameters
  std::vector<Value> before_;          // the sequences of states before each step
  std::vector<Operand> upstream_;      // by what the forward body emits
  std::vector<Operand> adjoint_state_; // by state
  bool known_ = false;                 // states are numbers
  Adjoints local_;
  std::vector<int> receives_; // by yield: the operand of the forward operation whose gradient it is
  std::vector<Remembered> remembered_;
};

} // namespace

void reverse_recurrence(Reversal& reversal, std::vector<Op>& ops, size_t index, Builder& builder, Adjoints& adjoints) {
  Recurrence(reversal, ops, index, builder, adjoints).run();
}

} // namespace rvb::passes
