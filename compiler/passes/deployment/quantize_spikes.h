// The argument of the pass quantize_spikes.
#pragma once

#include "ir/ir.h"

#include <map>
#include <string>

namespace rvb::passes {

// The largest size of the spikes that enter a binary layer, by the layer's path: what a calibration has measured.
using Ranges = std::map<std::string, double>;

// BITS/PATH:LARGEST/…, "" without ranges.
std::string quantize_spikes_argument(int64_t bits, const Ranges& ranges);

// Spikes of `bits` (16 or 32) bits in all binary layers of all functions. A layer without a range is left as it is.
bool quantize_spikes(ir::Module& module, const Ranges& ranges, int64_t bits);

} // namespace rvb::passes
