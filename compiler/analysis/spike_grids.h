// The grids of integer spikes: what quantize_spikes has chosen, read back from the operations it made.
#pragma once

#include "ir/ir.h"

#include <map>
#include <string>

namespace rvb::analysis {

// A synapse under packed signs; of a ternary layer either half.
bool reads_spikes(const ir::Op& op);

// Spikes are integers from -limit to limit, times 1 / scale.
struct Grid {
  int64_t limit;
  double scale;
};

// By the binary layer's path; layers that read real spikes are missing. Before fuse_and_keep.
std::map<std::string, Grid> spike_grids(const ir::Module& module);

} // namespace rvb::analysis
