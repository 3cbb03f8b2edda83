// Gives every operation the types that its operator's rule derives from the operands' types.
//
//   %y = conv2d(%x, %w) {pad = [1, 1], stride = [1, 1]} : f32[?,1,1,1]
//
// becomes, for %x: f32[?,8,8,3] and %w: f32[3,3,3,16],
//
//   %y = conv2d(%x, %w) {pad = [1, 1], stride = [1, 1]} : f32[?,8,8,16]
//
// Needs: right types of parameters and constants. Keeps: everything else. Breaks: nothing.
#include "ops/ops.h"
#include "passes/edit.h"
#include "passes/passes.h"
#include "support/result.h"

namespace rvb::passes {

using namespace ir;

namespace {

bool set_type(Function& function, Value value, const Type& type) {
  if (function.values[value].type == type)
    return false;
  function.values[value].type = type;
  return true;
}

bool infer_list(Function& function, std::vector<Op>& ops) {
  bool changed = false;
  for (Op& op : ops) {
    if (op.opcode == Opcode::scan) {
      const ScanParts p = parts(op);
      Body& body = op.body[0];
      const Type whole = function.type(op.operands[0].value);
      for (size_t i = 0; i < op.operands.size(); ++i) {
        const Operand& operand = op.operands[i];
        Type type = operand.is_literal() ? without_axis0(whole) : function.type(operand.value);
        if (operand.is_literal()) // the first sequence may be one of masks
          type.element = function.type(body.parameters[i]).element;
        if (!operand.is_literal() && static_cast<int>(i) < p.sequences)
          type = without_axis0(type);
        changed |= set_type(function, body.parameters[i], type);
      }
      changed |= infer_list(function, body.ops);
    }
    if (op.opcode == Opcode::constant)
      continue;
    std::string error;
    const std::optional<std::vector<Type>> types = ops::infer(function, op, error);
    if (!types)
      throw Failure(Exit::internal,
                    "`" + std::string(info(op.opcode).name) + "` in `@" + function.name + "`: " + error);
    for (size_t i = 0; i < op.results.size(); ++i)
      changed |= set_type(function, op.results[i], (*types)[i]);
  }
  return changed;
}

} // namespace

bool infer_shapes(Module& module) {
  bool changed = false;
  for (Function& function : module.functions)
    changed |= infer_list(function, function.ops);
  return changed;
}

} // namespace rvb::passes
