// Elementwise operations and scans over the same shape join one scan, so that no intermediate tensor is written and
// read again. What stays alone becomes a scan of one operation: only `scan` needs a kernel.
//
//   %a = mul(%x, %s) : f32[4,?,8,8,16]
//   %b = add(%a, %d) : f32[4,?,8,8,16]
//   %o, %v = scan(%b, 0.0) {axis = 0, states = 1} do (%bt: f32[?,8,8,16], %u: f32[?,8,8,16]) {
//     %m = add(%u, %bt) : f32[?,8,8,16]
//     yield(%m, %m)
//   } : f32[4,?,8,8,16], f32[?,8,8,16]
//
// becomes
//
//   %o, %v = scan(%x, %s, %d, 0.0) {axis = 0, invariants = 2, states = 1}
//       do (%x.t: f32[?,8,8,16], %s.t: f32[16], %d.t: f32[16], %u: f32[?,8,8,16]) {
//     %a = mul(%x.t, %s.t) : f32[?,8,8,16]
//     %b = add(%a, %d.t) : f32[?,8,8,16]
//     %m = add(%u, %b) : f32[?,8,8,16]
//     yield(%m, %m)
//   } : f32[4,?,8,8,16], f32[?,8,8,16]
//
// Groups grow along edges from producer to consumer. Two groups join when they iterate over one shape in one direction
// (a map has none) and no path leads from one to the other through a third: otherwise the scan would wait for itself.
// What is read outside its group is emitted.
//
// Before the last grouping, cheap values are computed again instead of kept: where the only reason to emit a value is
// another group of the same shape, and the value follows from at most two tensors by elementwise operations, the other
// group repeats them. The normalised input of a neuron is the case that matters: training keeps the convolution's
// output for the gradient of batchnorm anyway, and need not keep its normalisation as well. fuse_and_keep leaves that
// out: sums that a deployed network computes with twice would have to be written, and their neuron would no longer run
// in the layer that makes them; and what is computed in one place only is computed alike in @infer and in @step.
//
// Needs: canonical IR. Keeps: every result bit for bit. Breaks: nothing later may expect elementwise operations outside
// scans, but for scalars (an operation on f32[] has no axis) and operations on tensors under one mask a channel (an
// invariant is a number): they stay as they are. The language makes neither masks like that nor networks of scalars.
#include "analysis/fuse_groups.h"
#include "passes/edit.h"
#include "passes/passes.h"

#include <algorithm>
#include <set>

namespace rvb::passes {

using namespace ir;

namespace {

constexpr int max_repeated_operations = 12; // a chain longer than any normalisation is kept rather than repeated
constexpr int max_leaves = 2;               // tensors the repeated chain may read

// Computes cheap values again in the groups that read them.
class Repeat {
public:
  Repeat(Function& function, Groups groups)
      : function_(function), groups_(std::move(groups)), defs_(definitions(function, function.ops)) {}

  bool run() {
    find_kept();
    std::vector<Op> result;
    bool changed = false;
    for (size_t i = 0; i < function_.ops.size(); ++i) {
      Op op = function_.ops[i];
      const int group = groups_.of(static_cast<int>(i));
      if (groups_.fusible(static_cast<int>(i)))
        for (Operand& operand : op.operands)
          if (!operand.is_literal() && repeatable(operand.value, group)) {
            operand = again(operand.value, group, result);
            changed = true;
          }
      result.push_back(std::move(op));
    }
    function_.ops = std::move(result);
    return changed;
  }

private:
  // Values that exist as tensors whatever we do: read by something that is no elementwise operation, or returned.
  void find_kept() {
    kept_.assign(function_.values.size(), false);
    for (size_t i = 0; i < function_.ops.size(); ++i)
      if (!groups_.fusible(static_cast<int>(i)))
        for (const Operand& operand : function_.ops[i].operands)
          if (!operand.is_literal())
            kept_[operand.value] = true;
    for (const Operand& operand : function_.results)
      if (!operand.is_literal())
        kept_[operand.value] = true;
  }

  const Op* elementwise_maker(Value value) const {
    const int def = value < static_cast<Value>(defs_.size()) ? defs_[value] : -1;
    return def >= 0 && groups_.fusible(def) && is_elementwise(function_.ops[def]) ? &function_.ops[def] : nullptr;
  }

  // The full tensors at the ends of the chain that makes `value`.
  bool trace(Value value, const std::vector<int64_t>& dims, std::set<Value>& leaves, std::set<Value>& chain) const {
    if (function_.type(value).dims != dims)
      return true; // one number a channel: free to read
    const Op* op = elementwise_maker(value);
    if (!op || kept_[value]) {
      leaves.insert(value);
      return static_cast<int>(leaves.size()) <= max_leaves;
    }
    chain.insert(value);
    if (static_cast<int>(chain.size()) > max_repeated_operations)
      return false;
    return std::all_of(op->operands.begin(), op->operands.end(), [&](const Operand& operand) {
      return operand.is_literal() || trace(operand.value, dims, leaves, chain);
    });
  }

  bool repeatable(Value value, int reader) const {
    const Op* op = elementwise_maker(value);
    if (!op || kept_[value] || groups_.of(defs_[value]) == reader)
      return false;
    const std::vector<int64_t>& dims = function_.type(value).dims;
    if (dims.size() < 2 || groups_.dims(reader) != dims)
      return false;
    std::set<Value> leaves, chain;
    if (!trace(value, dims, leaves, chain))
      return false;
    // A leaf made by the chain's own group only to be emitted would be no gain.
    return std::all_of(leaves.begin(), leaves.end(), [&](Value leaf) {
      const int def = defs_[leaf];
      return def < 0 || kept_[leaf] || !groups_.fusible(def);
    });
  }

  Operand again(Value value, int reader, std::vector<Op>& out) {
    const auto made = copies_.find({value, reader});
    if (made != copies_.end())
      return Operand(made->second);
    const Op* op = elementwise_maker(value);
    Op copy = *op;
    for (Operand& operand : copy.operands)
      if (!operand.is_literal() && function_.type(operand.value).dims == function_.type(value).dims &&
          elementwise_maker(operand.value) && !kept_[operand.value])
        operand = again(operand.value, reader, out);
    const ValueInfo info = function_.values[value];
    copy.results = {function_.add_value(info.type, info.name)};
    kept_.resize(function_.values.size(), false);
    copies_[{value, reader}] = copy.results[0];
    out.push_back(copy);
    return Operand(copy.results[0]);
  }

  Function& function_;
  const Groups groups_;
  std::vector<int> defs_;
  std::vector<bool> kept_;
  std::map<std::pair<Value, int>, Value> copies_;
};

// One scan out of the operations of a group.
class Emit {
public:
  Emit(Function& function, const std::vector<int>& members, const std::vector<int>& uses_outside)
      : function_(function), members_(members), uses_outside_(uses_outside) {}

  Op run() {
    scan_.opcode = Opcode::scan;
    scan_.body.resize(1);
    for (int index : members_)
      inline_member(function_.ops[index]);
    // Operands in their order: sequences, invariants, states.
    Body& body = scan_.body[0];
    auto append = [&](const std::vector<std::pair<Operand, Value>>& list) {
      for (const auto& [operand, parameter] : list) {
        scan_.operands.push_back(operand);
        body.parameters.push_back(parameter);
      }
    };
    append(sequences_);
    append(invariants_);
    append(states_);
    for (const auto& [value, inner] : emitted_) {
      scan_.results.push_back(value);
      body.yields.push_back(inner);
    }
    for (const auto& [value, inner] : finals_) {
      scan_.results.push_back(value);
      body.yields.push_back(inner);
    }
    set_counts(scan_, static_cast<int>(invariants_.size()), static_cast<int>(states_.size()));
    if (reverse_)
      scan_.attributes["reverse"] = int64_t{1};
    return std::move(scan_);
  }

private:
  // What stands in the body for a value that the members read or make.
  Operand inside(const Operand& operand, bool sequence) {
    if (operand.is_literal())
      return operand;
    const auto made = inner_.find({operand.value, sequence});
    if (made != inner_.end())
      return made->second;
    const ValueInfo info = function_.values[operand.value];
    const Type type = sequence ? without_axis0(info.type) : info.type;
    const Value parameter = function_.add_value(type, info.name + ".t");
    (sequence ? sequences_ : invariants_).emplace_back(operand, parameter);
    return inner_[{operand.value, sequence}] = Operand(parameter);
  }

  void give(Value value, const Operand& inner) {
    inner_[{value, true}] = inner;
    if (uses_outside_[value] > 0)
      emitted_.emplace_back(value, inner);
  }

  void inline_member(const Op& op) {
    if (scan_.layer.empty() || op.opcode == Opcode::scan)
      scan_.layer = op.layer.empty() ? scan_.layer : op.layer;
    Body& body = scan_.body[0];
    if (op.opcode != Opcode::scan) {
      const Type whole = function_.type(op.results[0]);
      Op copy = op;
      for (Operand& operand : copy.operands)
        operand = inside(operand, !operand.is_literal() && function_.type(operand.value).dims == whole.dims);
      copy.results = {function_.add_value(without_axis0(whole), function_.values[op.results[0]].name)};
      copy.layer.clear();
      give(op.results[0], Operand(copy.results[0]));
      body.ops.push_back(std::move(copy));
      return;
    }
    const ScanParts p = parts(op);
    reverse_ |= op.integer("reverse") != 0;
    std::vector<Operand> map(function_.values.size());
    for (Value v = 0; v < static_cast<Value>(map.size()); ++v)
      map[v] = Operand(v);
    for (int i = 0; i < static_cast<int>(op.operands.size()); ++i) {
      const Value parameter = op.body[0].parameters[i];
      if (i < p.first_state()) {
        map[parameter] = inside(op.operands[i], i < p.sequences);
        continue;
      }
      const ValueInfo info = function_.values[parameter];
      const Value state = function_.add_value(info.type, info.name);
      states_.emplace_back(op.operands[i], state);
      map[parameter] = Operand(state);
    }
    clone_ops(function_, op.body[0].ops, map, body.ops);
    for (int y = 0; y < static_cast<int>(op.body[0].yields.size()); ++y) {
      const Operand inner = mapped(map, op.body[0].yields[y]);
      if (y < p.emits)
        give(op.results[y], inner);
      else
        finals_.emplace_back(op.results[y], inner);
    }
  }

  Function& function_;
  const std::vector<int>& members_;
  const std::vector<int>& uses_outside_;
  Op scan_;
  bool reverse_ = false;
  std::map<std::pair<Value, bool>, Operand> inner_; // by value and whether it is seen slice by slice
  std::vector<std::pair<Operand, Value>> sequences_, invariants_, states_;
  std::vector<std::pair<Value, Operand>> emitted_, finals_;
};

bool fuse_function(Function& function, bool repeat) {
  bool changed = repeat && Repeat(function, Groups(function)).run();
  const Groups groups(function);
  std::vector<Op> result;
  for (const std::vector<int>& members : groups.in_order()) {
    const Op& first = function.ops[members[0]];
    if (!groups.fusible(members[0]) || (members.size() == 1 && first.opcode == Opcode::scan)) {
      for (int index : members)
        result.push_back(function.ops[index]);
      continue;
    }
    std::vector<int> uses = groups.uses();
    auto inner_use = [&](const Operand& operand) {
      if (!operand.is_literal())
        --uses[operand.value];
    };
    for (int index : members)
      for (const Operand& operand : function.ops[index].operands)
        inner_use(operand);
    Op scan = Emit(function, members, uses).run();
    changed = true;
    if (!scan.results.empty()) // else nobody reads it
      result.push_back(std::move(scan));
  }
  function.ops = std::move(result);
  return changed;
}

} // namespace

bool fuse(Module& module) {
  bool changed = false;
  for (Function& function : module.functions)
    changed |= fuse_function(function, true);
  return changed;
}

bool fuse_and_keep(Module& module) {
  bool changed = false;
  for (Function& function : module.functions)
    changed |= fuse_function(function, false);
  return changed;
}

} // namespace rvb::passes
