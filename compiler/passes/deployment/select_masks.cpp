// Deployment: a product with a mask of 0 and 1 is a selection, which needs no multiplication: resets of membranes, the
// gates of attention, dropped channels.
//
//   %s = step(%u) {surrogate = "sigmoid", width = 0.25} : f32[?,16]
//   %r = sub(1.0, %s) : f32[?,16]
//   %v = mul(%u, %r) : f32[?,16]
//
// becomes (after dce)
//
//   %s = step(%u) {surrogate = "sigmoid", width = 0.25} : f32[?,16]
//   %r = sub(1.0, %s) : f32[?,16]
//   %passes = greater(%r, 0.5) : bool[?,16]
//   %w = select(%passes, %u, 0.0) : f32[?,16]
//
// Needs: nothing. Keeps: every finite result bit for bit, but the sign of a zero: a negative number times 0 is -0.0.
// Where the number is infinite or none, the product has no value and the selection gives 0. Breaks: gradients, which
// a selection has for its branches alone; so it runs where none are taken.
#include "analysis/zero_one.h"
#include "passes/edit.h"
#include "passes/passes.h"

namespace rvb::passes {

using namespace ir;

namespace {

class SelectMasks {
public:
  explicit SelectMasks(Function& function) : function_(function), mask_(zero_or_one(function)) {}

  bool run() {
    list(function_.ops);
    return changed_;
  }

private:
  void list(std::vector<Op>& ops) {
    std::vector<Op> result;
    result.reserve(ops.size());
    for (Op& op : ops) {
      for (Body& body : op.body)
        list(body.ops);
      const int mask = op.opcode == Opcode::mul ? mask_operand(op) : -1;
      if (mask >= 0)
        result.push_back(comparison(op, mask));
      result.push_back(std::move(op));
    }
    ops = std::move(result);
  }

  // Which operand is a mask of the product's shape; -1: none is.
  int mask_operand(const Op& op) const {
    const Type& type = function_.type(op.results[0]);
    for (int i = 1; type.element == Element::f32 && i >= 0; --i) {
      const Operand &mask = op.operands[i], &other = op.operands[1 - i];
      const bool shaped = other.is_literal() || function_.type(other.value) == type;
      if (!mask.is_literal() && mask_[mask.value] && function_.type(mask.value) == type && shaped)
        return i;
    }
    return -1;
  }

  // The product becomes the selection; gives the comparison in front of it.
  Op comparison(Op& op, int mask) {
    changed_ = true;
    Type type = function_.type(op.results[0]);
    type.element = Element::boolean;
    Op compare;
    compare.opcode = Opcode::greater;
    compare.operands = {op.operands[mask], Operand::literal(0.5)};
    compare.results = {function_.add_value(type, "passes")};
    compare.layer = op.layer;
    op.opcode = Opcode::select;
    op.operands = {Operand(compare.results[0]), op.operands[1 - mask], Operand::literal(0)};
    return compare;
  }

  Function& function_;
  const std::vector<bool> mask_;
  bool changed_ = false;
};

} // namespace

bool select_masks(Module& module) {
  bool changed = false;
  for (Function& function : module.functions)
    changed |= SelectMasks(function).run();
  return changed;
}

} // namespace rvb::passes
