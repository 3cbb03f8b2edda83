#include "analysis/spike_grids.h"

#include "analysis/definitions.h"

namespace rvb::analysis {

using namespace ir;

bool reads_spikes(const Op& op) {
  return (op.opcode == Opcode::binary_conv2d || op.opcode == Opcode::binary_linear) && op.operands.size() == 2 &&
         !op.operands[0].is_literal();
}

std::map<std::string, Grid> spike_grids(const Module& module) {
  std::map<std::string, Grid> grids;
  for (const Function& function : module.functions) {
    const std::vector<int> defs = definitions(function, function.ops);
    for (const Op& op : function.ops) {
      if (!reads_spikes(op) || defs[op.operands[0].value] < 0)
        continue;
      const Op& spikes = function.ops[defs[op.operands[0].value]];
      if (spikes.opcode == Opcode::quantize)
        grids[op.layer] = {spikes.integer("limit"), spikes.number("scale")};
    }
  }
  return grids;
}

} // namespace rvb::analysis
