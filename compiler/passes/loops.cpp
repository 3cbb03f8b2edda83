#include "passes/loops.h"

namespace rvb::passes {

using namespace ir;

namespace {

bool change_bodies(Function& function, std::map<std::string, Constant>& constants,
                   const std::function<bool(Module&)>& change) {
  bool changed = false;
  for (size_t i = 0; i < function.ops.size(); ++i) {
    if (function.ops[i].opcode != Opcode::loop)
      continue;
    Body& body = function.ops[i].body[0];
    Module inside;
    inside.constants.swap(constants);
    inside.functions.resize(1);
    Function& inner = inside.functions[0];
    inner.name = function.name;
    inner.values.swap(function.values);
    inner.parameters.swap(body.parameters);
    inner.ops.swap(body.ops);
    inner.results.swap(body.yields);
    changed |= change_bodies(inner, inside.constants, change);
    changed |= change(inside);
    Function& after = inside.functions[0];
    after.values.swap(function.values);
    after.parameters.swap(body.parameters);
    after.ops.swap(body.ops);
    after.results.swap(body.yields);
    inside.constants.swap(constants);
  }
  return changed;
}

} // namespace

bool change_loop_bodies(Module& module, const std::function<bool(Module&)>& change) {
  bool changed = false;
  for (Function& function : module.functions)
    changed |= change_bodies(function, module.constants, change);
  return changed;
}

} // namespace rvb::passes
