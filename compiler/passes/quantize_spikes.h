// Spikes in fixed point: not in the table of passes, because it takes what a calibration has measured.
#pragma once

#include "ir/ir.h"

#include <map>
#include <string>

namespace rvb::passes {

// The largest size of the spikes that enter a binary layer, by the layer's path.
using Ranges = std::map<std::string, double>;

// A copy of @infer named @ranges that also returns what enters every binary layer, under "range:PATH".
void add_ranges(ir::Module& module);

// Spikes are integers from -limit to limit, times 1 / scale.
struct Grid {
  int64_t limit;
  double scale;
};

// Spikes of `bits` (16 or 32) bits in all binary layers of all functions. A layer without a range is left as it is.
// Gives the grid of every layer by its path; none: nothing changed.
std::map<std::string, Grid> quantize_spikes(ir::Module& module, const Ranges& ranges, int64_t bits);

} // namespace rvb::passes
