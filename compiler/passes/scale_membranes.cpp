// Deployment: in @step, alpha moves on into the constants of batch normalisation, through membranes that the caller
// keeps.
//
//   %i = mul(%z, %scale) : f32[?,4,4,2]
//   %l = mul(%state.0, 0.25) : f32[?,4,4,2]
//   %u = add(%l, %i) : f32[?,4,4,2]
//   %f = greater_equal(%u, 0.0) : bool[?,4,4,2]
//   %x = select(%f, %u, 0.0) : f32[?,4,4,2]
//   %m = mul(%x, %magnitude) : f32[?,4,4,2]
//   %v = select(%f, 0.0, %u) : f32[?,4,4,2]
//   ret(%y, %v) {names = ["logits", "state:0"]}
//
// becomes the same without %m, and with %scale.scaled = scale * magnitude: the membrane that is handed back is
// magnitude times what it was, and so is the one that comes in next.
//
// fold_alpha does so in @infer, where a scan holds the membranes. With this pass @infer and @step compute the same
// numbers out of the same constants.
//
// Needs: fold_alpha has run; every membrane begins at 0 (the driver leaves the pass out otherwise). Keeps: what is
// emitted, up to rounding, over every sequence of calls that begins at rest. Breaks: the unit of the membranes that
// @step is given and gives back, which are the caller's to keep, not to read.
#include "passes/edit.h"
#include "passes/homogeneous.h"
#include "passes/passes.h"

#include <algorithm>

namespace rvb::passes {

using namespace ir;

namespace {

// The factors by which `op` multiplies, one a channel and none negative; nothing when it is no such multiplication.
std::optional<std::vector<float>> factors_of(const Module& module, const Function& function,
                                             const std::vector<int>& defs, const Op& op) {
  if (op.opcode != Opcode::mul || op.operands[0].is_literal())
    return std::nullopt;
  const Constant* constant = constant_of(module, function, defs, op.operands[1]);
  if (constant == nullptr || constant->type.element != Element::f32 || constant->type.rank() != 1 ||
      constant->type.dims[0] != function.type(op.results[0]).channels())
    return std::nullopt;
  const std::vector<float> factors = constant->floats();
  if (std::any_of(factors.begin(), factors.end(), [](float factor) { return !(factor >= 0); }))
    return std::nullopt;
  return factors;
}

bool scale(Module& module, Function& function) {
  if (kept_membranes(function).empty())
    return false;
  std::vector<Value> multipliers; // by result, because operations move when constants are put in front
  for (const Op& op : function.ops)
    if (op.opcode == Opcode::mul)
      multipliers.push_back(op.results[0]);
  bool changed = false;
  for (Value multiplier : multipliers) {
    const std::vector<int> defs = definitions(function, function.ops);
    const Op mul = function.ops[static_cast<size_t>(defs[multiplier])];
    const std::optional<std::vector<float>> factors = factors_of(module, function, defs, mul);
    if (!factors || count_uses(function)[mul.operands[0].value] != 1 ||
        !scale_constants(module, function, mul.operands[0].value, *factors, true))
      continue;
    Substitution substitution;
    substitution.replace(multiplier, mul.operands[0]);
    function.ops.erase(function.ops.begin() + definitions(function, function.ops)[multiplier]);
    substitution.apply(function);
    changed = true;
  }
  return changed;
}

} // namespace

bool scale_membranes(Module& module) {
  bool changed = false;
  for (Function& function : module.functions)
    changed |= scale(module, function);
  return changed;
}

} // namespace rvb::passes
