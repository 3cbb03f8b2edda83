// What neurons did with one sample, as arrays for other tools.
#pragma once

#include "network/function.h"

#include <string>
#include <vector>

namespace rvb::runtime {

struct Traced {
  const Manifest& manifest;
  Function& observe; // after its run with one sample
  std::vector<const ObservedNeuron*> neurons;
};

// NPZ: `input`, `logits`, and of each layer of neurons NAME.spikes and NAME.membrane, [T, C, H, W] or [T, features].
std::string traced_npz(const Traced& traced, const std::string& path);
// NIR's data in HDF5: of each layer its spikes as events with values, each in the middle of its step of `dt` seconds,
// and its membrane `v`, a number a step. Nodes are called as in `rvbc export --format nir`.
std::string traced_nirdata(const Traced& traced, double dt, const std::string& path);

} // namespace rvb::runtime
