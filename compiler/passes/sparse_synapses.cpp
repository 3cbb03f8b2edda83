// Layers that few spikes enter visit only the groups of spikes that are not silent.
//
//   %y = binary_conv2d(%x, %b) {channels = [64, 64], kernel = [3, 3], pad = [1, 1], stride = [1, 1]} : f32[?,8,8,64]
//
// of a layer that is named becomes
//
//   %y = binary_conv2d(%x, %b) {channels = [64, 64], kernel = [3, 3], pad = [1, 1], sparse = 1, stride = [1, 1]} :
//   f32[?,8,8,64]
//
// Needs: pack_weights has run. Keeps: every result, to the bit.
#include "passes/sparse_synapses.h"

namespace rvb::passes {

using namespace ir;

bool sparse_synapses(Module& module, const std::set<std::string>& layers) {
  bool changed = false;
  for (Function& function : module.functions)
    for (Op& op : function.ops) {
      if (op.opcode != Opcode::binary_conv2d && op.opcode != Opcode::binary_linear)
        continue;
      const bool sparse = op.operands.size() == 2 && layers.count(op.layer) != 0;
      changed |= sparse != (op.integer("sparse") != 0);
      op.attributes.erase("sparse");
      if (sparse)
        op.attributes["sparse"] = int64_t{1};
    }
  return changed;
}

} // namespace rvb::passes
