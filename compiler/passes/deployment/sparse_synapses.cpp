// Layers that few spikes enter visit only the groups of spikes that are not silent.
//
//   %y = binary_conv2d(%x, %b) {channels = [64, 64], kernel = [3, 3], pad = [1, 1], stride = [1, 1]} : f32[?,8,8,64]
//
// of a layer that the argument names (sparse_synapses=PATH/PATH…) becomes
//
//   %y = binary_conv2d(%x, %b) {channels = [64, 64], kernel = [3, 3], pad = [1, 1], sparse = 1, stride = [1, 1]} :
//   f32[?,8,8,64]
//
// Layers that it does not name are dense, all of them without an argument.
//
// Needs: pack_weights has run. Keeps: every result, bit for bit.
#include "passes/deployment/sparse_synapses.h"

#include "passes/passes.h"

#include <set>
#include <sstream>

namespace rvb::passes {

using namespace ir;

namespace {

bool mark(Module& module, const std::set<std::string>& layers) {
  bool changed = false;
  for (Function& function : module.functions)
    for (Op& op : function.ops) {
      if (op.opcode != Opcode::binary_conv2d && op.opcode != Opcode::binary_linear)
        continue;
      const bool sparse = op.operands.size() == 2 && op.integer("groups") <= 1 && layers.count(op.layer) != 0;
      changed |= sparse != (op.integer("sparse") != 0);
      op.attributes.erase("sparse");
      if (sparse)
        op.attributes["sparse"] = int64_t{1};
    }
  return changed;
}

} // namespace

std::string sparse_synapses_argument(const std::vector<std::string>& layers) {
  std::string text;
  for (const std::string& layer : layers)
    text += (text.empty() ? "" : "/") + layer;
  return text;
}

bool sparse_synapses_in(Module& module, const std::string& argument) {
  std::istringstream text(argument);
  std::set<std::string> layers;
  for (std::string layer; std::getline(text, layer, '/');)
    layers.insert(layer);
  return mark(module, layers);
}

bool sparse_synapses(Module& module) {
  return mark(module, {});
}

} // namespace rvb::passes
