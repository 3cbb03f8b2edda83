// Small networks as IR, in the shape that irgen gives them.
#pragma once

#include "ir/builder.h"
#include "ir/ir.h"

#include <cstdint>
#include <string>

namespace rvb::tests {

enum class Neuron {
  reverb,      // real-valued spike, hard reset
  reverb_soft, // real-valued spike, the threshold is subtracted
  lif,         // binary spike with a surrogate gradient, hard reset
  adaptive,    // two states: membrane and a threshold that grows with spikes
  leaky,       // emits its membrane; nothing resets
};

struct Options {
  int64_t steps = 2;
  bool sequence = false; // the image varies with time
  Neuron neuron = Neuron::reverb;
  double threshold = 0;
  double leak = 0.25;
  bool alpha = true;    // binary weights carry alpha
  bool residual = true; // an identity block and a block with a convolution as its shortcut
  bool average = true;  // average pools, else maximum pools
  bool bias = false;    // of the binary convolutions
};

// A module with @infer and @train. Image [?,6,6,2], three classes. Parameters: see network.cpp.
ir::Module network(const Options& options);

// Replaces the parameters of @infer after the image by constants, as the driver does for deployment; the numbers are
// those of `arguments` for this seed. @train is dropped. `edit` may change a parameter's numbers before.
using Edit = void (*)(const std::string& name, std::vector<float>& values);
ir::Module with_constants(const ir::Module& module, unsigned seed, Edit edit = nullptr);

} // namespace rvb::tests
