// Marks the synapses under signs that run with the neuron behind them, as one kernel: their sums are never stored.
//
//   %y = binary_linear(%x, %b) {channels = [64, 32]} : f32[2,?,32]
//   %o, %v = scan(%y, 0.0) {axis = 0, states = 1} do (…) … : f32[2,?,32], f32[?,32]
//
// becomes
//
//   %y = binary_linear(%x, %b) {channels = [64, 32], joined = 1} : f32[2,?,32]
//   %o, %v = scan(%y, 0.0) {axis = 0, states = 1} do (…) … : f32[2,?,32], f32[?,32]
//
// where nobody else reads %y and the scan is made of operators that need no library (analysis/joins.h). A neuron that
// could run with several synapses (a residual join) runs with the most.
//
// Needs: the end of the pipeline, since a pass that gives the sums another reader makes the mark wrong; `recompute`
// runs it again. Keeps: every result. Breaks: nothing.
#include "analysis/joins.h"
#include "passes/edit.h"
#include "passes/passes.h"

#include <map>

namespace rvb::passes {

using namespace ir;

bool join_neurons(Module& module) {
  bool changed = false;
  for (Function& function : module.functions) {
    std::map<const Op*, size_t> chosen; // by neuron
    for (size_t i = 0; i < function.ops.size(); ++i) {
      if ((info(function.ops[i].opcode).traits & addition_only) == 0)
        continue;
      const Op* neuron = neuron_behind(function, function.ops[i]);
      if (neuron == nullptr)
        continue;
      size_t& most = chosen.emplace(neuron, i).first->second;
      if (synapses(function, function.ops[i]) > synapses(function, function.ops[most]))
        most = i;
    }
    std::vector<bool> joined(function.ops.size(), false);
    for (const auto& [neuron, i] : chosen)
      joined[i] = true;
    for (size_t i = 0; i < function.ops.size(); ++i) {
      Op& op = function.ops[i];
      if (is_joined(op) == joined[i])
        continue;
      changed = true;
      op.attributes.erase("joined");
      if (joined[i])
        op.attributes["joined"] = int64_t{1};
    }
  }
  return changed;
}

} // namespace rvb::passes
