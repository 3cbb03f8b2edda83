// Batch normalisation becomes arithmetic that fuses with the neuron after it.
//
//   %y, %m, %v, %u = batchnorm(%x, %g, %b) {copies = 4, epsilon = 1e-05} : f32[?,8,8,16], f32[16], f32[16], f32[16]
//
// becomes
//
//   %m, %v, %u = moments(%x) {copies = 4} : f32[16], f32[16], f32[16]
//   %t = add(%v, 1e-05) : f32[16]
//   %d = sqrt(%t) : f32[16]
//   %s = div(%g, %d) : f32[16]
//   %c = sub(%x, %m) : f32[?,8,8,16]
//   %n = mul(%c, %s) : f32[?,8,8,16]
//   %y = add(%n, %b) : f32[?,8,8,16]
//
// and batchnorm_inference(x, g, b, m, v) becomes add(mul(x, s), b - m * s), two operations an element. In training the
// mean is subtracted first: the difference is exact where x is near it, as in PyTorch.
//
// Needs: differentiate has run (the gradient of batchnorm is one operator's rule, not that of the expansion).
// Keeps: the result up to rounding. Breaks: nothing.
#include "ops/ops.h"
#include "passes/edit.h"
#include "passes/passes.h"

namespace rvb::passes {

using namespace ir;

namespace {

Value scale_of(Builder& builder, const Op& op, const Operand& gamma, const Operand& variance) {
  const Value sum = builder.build(Opcode::add, {variance, Operand::literal(op.number("epsilon"))}, {}, "variance");
  const Value deviation = builder.build(Opcode::sqrt, {sum}, {}, "deviation");
  return builder.build(Opcode::div, {gamma, deviation}, {}, "scale");
}

bool expand(Function& function) {
  bool changed = false;
  const std::vector<Op> before = std::move(function.ops);
  function.ops.clear();
  Builder builder(function, function.ops, ops::infer);
  for (const Op& op : before) {
    builder.set_layer(op.layer);
    if (op.opcode != Opcode::batchnorm && op.opcode != Opcode::batchnorm_inference) {
      function.ops.push_back(op);
      continue;
    }
    changed = true;
    const Operand x = op.operands[0], gamma = op.operands[1], beta = op.operands[2];
    if (op.opcode == Opcode::batchnorm) {
      Op moments;
      moments.opcode = Opcode::moments;
      moments.operands = {x};
      moments.results = {op.results[1], op.results[2], op.results[3]};
      moments.attributes["copies"] = op.integer("copies", 1);
      moments.layer = op.layer;
      function.ops.push_back(moments);
      const Value scale = scale_of(builder, op, gamma, Operand(op.results[2]));
      const Value centered = builder.build(Opcode::sub, {x, Operand(op.results[1])}, {}, "centered");
      const Value scaled = builder.build(Opcode::mul, {centered, scale}, {}, "scaled");
      builder.build(Opcode::add, {scaled, beta}, {}, "y");
    } else {
      const Operand mean = op.operands[3], variance = op.operands[4];
      const Value scale = scale_of(builder, op, gamma, variance);
      const Value offset = builder.build(Opcode::mul, {mean, scale}, {}, "offset");
      const Value shift = builder.build(Opcode::sub, {beta, Operand(offset)}, {}, "shift");
      const Value scaled = builder.build(Opcode::mul, {x, scale}, {}, "scaled");
      builder.build(Opcode::add, {scaled, shift}, {}, "y");
    }
    function.ops.back().results = {op.results[0]}; // under the name it had
  }
  return changed;
}

} // namespace

bool expand_batchnorm(Module& module) {
  bool changed = false;
  for (Function& function : module.functions)
    changed |= expand(function);
  return changed;
}

} // namespace rvb::passes
