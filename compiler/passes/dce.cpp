// Removes what no result depends on: operations, parts of scans, constants.
//
//   %a = exp(%x) : f32[?,8]
//   %o, %p, %v = scan(%y, %z, 0.0) {axis = 0, states = 1} do (%yt: f32[?,8], %zt: f32[?,8], %u: f32[?,8]) {
//     %s = add(%u, %yt) : f32[?,8]
//     %q = mul(%zt, %zt) : f32[?,8]
//     yield(%s, %q, %s)
//   } : f32[4,?,8], f32[4,?,8], f32[?,8]
//   ret(%o)
//
// becomes
//
//   %o, %v = scan(%y, 0.0) {axis = 0, states = 1} do (%yt: f32[?,8], %u: f32[?,8]) {
//     %s = add(%u, %yt) : f32[?,8]
//     yield(%s, %s)
//   } : f32[4,?,8], f32[?,8]
//   ret(%o)
//
// Needs: nothing. Keeps: every result, bit for bit; parameters, used or not. Breaks: nothing.
#include "passes/edit.h"
#include "passes/passes.h"

#include <algorithm>
#include <set>

namespace rvb::passes {

using namespace ir;

namespace {

// Operations stand in order, so one walk from the end sees all uses of a value before what makes it.
bool remove_dead(Function& function) {
  std::vector<bool> live(function.values.size(), false);
  auto mark = [&](const Operand& operand) {
    if (!operand.is_literal())
      live[operand.value] = true;
  };
  for (const Operand& result : function.results)
    mark(result);
  bool changed = false;
  std::vector<Op> kept;
  for (auto op = function.ops.rbegin(); op != function.ops.rend(); ++op) {
    std::vector<bool> used;
    for (Value result : op->results)
      used.push_back(live[result]);
    if (std::find(used.begin(), used.end(), true) == used.end()) {
      changed = true;
      continue;
    }
    if (!op->body.empty())
      changed |= prune_scan(function, *op, used);
    for (const Operand& operand : op->operands)
      mark(operand);
    kept.push_back(std::move(*op));
  }
  std::reverse(kept.begin(), kept.end());
  function.ops = std::move(kept);
  return changed;
}

void name_constants(const std::vector<Op>& ops, std::set<std::string>& named) {
  for (const Op& op : ops) {
    if (op.opcode == Opcode::constant)
      named.insert(op.text("name"));
    for (const Body& body : op.body)
      name_constants(body.ops, named);
  }
}

} // namespace

bool dce(Module& module) {
  bool changed = false;
  std::set<std::string> named;
  for (Function& function : module.functions) {
    changed |= remove_dead(function);
    name_constants(function.ops, named);
  }
  for (auto constant = module.constants.begin(); constant != module.constants.end();) {
    const bool dead = named.count(constant->first) == 0;
    constant = dead ? module.constants.erase(constant) : std::next(constant);
    changed |= dead;
  }
  return changed;
}

} // namespace rvb::passes
