// What a loop reads that follows from constants alone is computed in its body, where passes that know constants see it:
// alpha leaves the weights there, and signs become bits.
//
//   %w = constant() {name = "cell.weight"} : f32[4,4]
//   %s = sign(%w) {ste = 1.0} : f32[4,4]
//   %y, %n = loop(%x, %s, 0.0) {invariants = 1, states = 1} do (%i: f32[?,4], %k: f32[4,4], %h: f32[?,4]) {
//     %a = linear(%h, %k) : f32[?,4]
//     …
//   }
//
// becomes
//
//   %y, %n = loop(%x, 0.0) {states = 1} do (%i: f32[?,4], %h: f32[?,4]) {
//     %w = constant() {name = "cell.weight"} : f32[4,4]
//     %s = sign(%w) {ste = 1.0} : f32[4,4]
//     %a = linear(%h, %s) : f32[?,4]
//     …
//   }
//
// Needs: the weights as constants. Keeps: every result, bit for bit. Breaks: nothing; what is computed at every step
// now has to be folded (pack_weights, fold_constants), and hoist_loops would take it out again.
#include "passes/edit.h"
#include "passes/passes.h"

#include <algorithm>
#include <set>

namespace rvb::passes {

using namespace ir;

namespace {

class Sink {
public:
  explicit Sink(Function& function) : function_(function) {}

  bool run() {
    const std::vector<int> defs = definitions(function_, function_.ops);
    bool changed = false;
    for (size_t i = 0; i < function_.ops.size(); ++i)
      if (function_.ops[i].opcode == Opcode::loop)
        changed |= take_in(function_.ops[i], defs);
    return changed;
  }

private:
  // The operations that `value` follows from, into `chain`; false where not all begins at constants.
  bool from_constants(const std::vector<int>& defs, Value value, std::set<int>& chain) const {
    const int def = defs[static_cast<size_t>(value)];
    if (def < 0)
      return false;
    if (chain.count(def) != 0)
      return true;
    const Op& op = function_.ops[static_cast<size_t>(def)];
    if (op.opcode != Opcode::constant &&
        (!op.body.empty() || op.operands.empty() || function_.type(op.results[0]).has_batch()))
      return false;
    for (const Operand& operand : op.operands)
      if (!operand.is_literal() && !from_constants(defs, operand.value, chain))
        return false;
    chain.insert(def);
    return true;
  }

  bool take_in(Op& loop, const std::vector<int>& defs) {
    const ScanParts p = parts(loop);
    Body& body = loop.body[0];
    std::vector<Op> front;
    std::vector<Operand> map(function_.values.size());
    Substitution inside;
    std::set<int> all;
    std::vector<int> taken;
    for (int i = p.sequences; i < p.first_state(); ++i) {
      std::set<int> chain;
      if (!loop.operands[static_cast<size_t>(i)].is_literal() &&
          from_constants(defs, loop.operands[static_cast<size_t>(i)].value, chain)) {
        all.insert(chain.begin(), chain.end());
        taken.push_back(i);
      }
    }
    if (taken.empty())
      return false;
    std::vector<Op> ops;
    for (const int def : all)
      ops.push_back(function_.ops[static_cast<size_t>(def)]);
    clone_ops(function_, ops, map, front);
    for (const int i : taken)
      inside.replace(body.parameters[static_cast<size_t>(i)],
                     map[static_cast<size_t>(loop.operands[static_cast<size_t>(i)].value)]);
    for (Op& op : body.ops)
      inside.apply(op);
    for (Operand& yield : body.yields)
      yield = inside(yield);
    body.ops.insert(body.ops.begin(), front.begin(), front.end());
    for (auto i = taken.rbegin(); i != taken.rend(); ++i) {
      loop.operands.erase(loop.operands.begin() + *i);
      body.parameters.erase(body.parameters.begin() + *i);
    }
    set_counts(loop, p.invariants - static_cast<int>(taken.size()), p.states);
    return true;
  }

  Function& function_;
};

} // namespace

bool sink_weights(Module& module) {
  bool changed = false;
  for (Function& function : module.functions)
    changed |= Sink(function).run();
  return changed;
}

} // namespace rvb::passes
