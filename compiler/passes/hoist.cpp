// What is the same at every step leaves the body of its scan and is computed once, before it.
//
//   %o, %v = scan(%x, %k, 0.0) {axis = 0, invariants = 1, states = 1} do (%it: f32[?,8], %leak: f32[8], %u: f32[?,8]) {
//     %s = sigmoid(%leak) : f32[8]
//     %m = mul(%s, %u) : f32[?,8]
//     %n = add(%m, %it) : f32[?,8]
//     yield(%n, %n)
//   } : f32[4,?,8], f32[?,8]
//
// becomes (after dce)
//
//   %s = sigmoid(%k) : f32[8]
//   %o, %v = scan(%x, %s, 0.0) {axis = 0, invariants = 1, states = 1} do (%it: f32[?,8], %t: f32[8], %u: f32[?,8]) {
//     %m = mul(%t, %u) : f32[?,8]
//     %n = add(%m, %it) : f32[?,8]
//     yield(%n, %n)
//   } : f32[4,?,8], f32[?,8]
//
// So fold_constants finds the same operations on constants in @infer as in @step, where there is no body, and a stream
// has the bits of the whole sequence. A mask or a spike in 16 bits that a step reads stays; what it is made of leaves.
// Needs: nothing. Keeps: every result, bit for bit. Breaks: nothing.
#include "ops/ops.h"
#include "passes/edit.h"
#include "passes/passes.h"

#include <map>

namespace rvb::passes {

using namespace ir;

namespace {

class Hoist {
public:
  Hoist(Function& function, Op& scan, std::vector<Op>& out) : function_(function), scan_(scan), out_(out) {}

  bool run() {
    find_invariant();
    if (outside_.size() == static_cast<size_t>(parts(scan_).invariants))
      return false;
    Body& body = scan_.body[0];
    for (auto op = body.ops.rbegin(); op != body.ops.rend(); ++op) // masks that steps read, made of what leaves
      if (!moves(op->results[0]))
        for (const Operand& operand : op->operands)
          if (!operand.is_literal() && stays_inside(operand.value))
            stays_[operand.value] = true;
    for (const Operand& yield : body.yields)
      if (!yield.is_literal() && stays_inside(yield.value))
        stays_[yield.value] = true;
    bool changed = false;
    std::vector<Op> kept;
    for (Op& op : body.ops) {
      if (moves(op.results[0]))
        continue;
      for (Operand& operand : op.operands)
        changed |= bring_in(operand);
      kept.push_back(std::move(op));
    }
    for (Operand& yield : body.yields)
      changed |= bring_in(yield);
    body.ops = std::move(kept);
    return changed;
  }

private:
  // Copies of invariant operations go before the scan; those that turn out to stay inside are left to dce.
  void find_invariant() {
    const ScanParts p = parts(scan_);
    const Body& body = scan_.body[0];
    for (int i = p.sequences; i < p.first_state(); ++i)
      outside_[body.parameters[static_cast<size_t>(i)]] = scan_.operands[static_cast<size_t>(i)];
    for (const Op& op : body.ops) {
      Op copy = op;
      bool invariant = ops::is_pure(op.opcode);
      for (Operand& operand : copy.operands) {
        const auto found = operand.is_literal() ? outside_.end() : outside_.find(operand.value);
        invariant = invariant && (operand.is_literal() || found != outside_.end());
        if (found != outside_.end())
          operand = found->second;
      }
      if (!invariant)
        continue;
      const ValueInfo info = function_.values[op.results[0]];
      copy.results[0] = function_.add_value(info.type, info.name);
      copy.layer = scan_.layer;
      outside_[op.results[0]] = Operand(copy.results[0]);
      hoisted_[op.results[0]] = true;
      out_.push_back(std::move(copy));
    }
  }

  // An invariant is a real number or i32: masks and spikes in 16 bits are made where they are read.
  bool stays_inside(Value value) const {
    const Element element = function_.type(value).element;
    return element != Element::f32 && element != Element::i32;
  }
  bool moves(Value value) const { return hoisted_.count(value) != 0 && stays_.count(value) == 0; }

  // An operand that has left comes back as an invariant.
  bool bring_in(Operand& operand) {
    if (operand.is_literal() || !moves(operand.value))
      return false;
    const auto [found, fresh] = parameter_.emplace(operand.value, no_value);
    if (fresh) {
      const ValueInfo info = function_.values[operand.value];
      found->second = function_.add_value(info.type, info.name + ".t");
      const ScanParts p = parts(scan_);
      scan_.operands.insert(scan_.operands.begin() + p.first_state(), outside_.at(operand.value));
      Body& body = scan_.body[0];
      body.parameters.insert(body.parameters.begin() + p.first_state(), found->second);
      set_counts(scan_, p.invariants + 1, p.states);
    }
    operand = Operand(found->second);
    return true;
  }

  Function& function_;
  Op& scan_;
  std::vector<Op>& out_;
  std::map<Value, Operand> outside_; // by value of the body: what it is before the scan
  std::map<Value, bool> hoisted_, stays_;
  std::map<Value, Value> parameter_; // by value of the body that has left: the parameter that it came back as
};

} // namespace

bool hoist(Module& module) {
  bool changed = false;
  for (Function& function : module.functions) {
    std::vector<Op> ops;
    for (Op& op : function.ops) {
      if (op.opcode == Opcode::scan)
        changed |= Hoist(function, op, ops).run();
      ops.push_back(std::move(op));
    }
    function.ops = std::move(ops);
  }
  return changed;
}

} // namespace rvb::passes
