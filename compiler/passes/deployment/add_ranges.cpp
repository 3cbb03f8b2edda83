// A copy of @infer that also returns what enters every binary layer: what a calibration measures, and what a deployed
// program counts spikes at their limits in.
//
//   func @infer(%image: f32[?,8,8,64]) -> (f32[?,8,8,64]) {
//     …
//     %y = binary_conv2d(%x, %bits) {channels = [64, 64], …} : f32[?,8,8,64] @ unit.conv
//     ret(%y)
//   }
//
// is joined by
//
//   func @ranges(%image: f32[?,8,8,64]) -> ("logits" = f32[?,8,8,64], "range:unit.conv" = f32[?,8,8,64]) {
//     …
//     ret(%y, %x)
//   }
//
// Needs: pack_weights has run. Keeps: every function. Nothing happens where there is an @ranges, or no @infer.
#include "analysis/spike_grids.h"
#include "passes/passes.h"

#include <algorithm>

namespace rvb::passes {

using namespace ir;

bool add_ranges(Module& module) {
  if (module.find("infer") == nullptr || module.find("ranges") != nullptr)
    return false;
  Function ranges = *module.find("infer");
  ranges.name = "ranges";
  if (ranges.result_ports.empty() && !ranges.results.empty()) {
    ranges.result_ports.resize(ranges.results.size());
    ranges.result_ports[0] = {Role::logits, "logits"};
  }
  for (const Op& op : ranges.ops) {
    // Both halves of a ternary layer read the same spikes: once is enough.
    if (!analysis::reads_spikes(op) || ranges.result(Role::range, op.layer) >= 0)
      continue;
    ranges.results.push_back(op.operands[0]);
    ranges.result_ports.push_back({Role::range, op.layer});
  }
  module.functions.push_back(std::move(ranges));
  return true;
}

} // namespace rvb::passes
