// What every neuron of a network does with some samples, as tensors: for looking at, and for comparing two programs of
// one network layer by layer.
#pragma once

#include "data/dataset.h"
#include "files/safetensors.h"
#include "network/function.h"

namespace rvb::runtime {

// Tensors `spikes:PATH` and `membrane:PATH` ([T, samples, C, H, W]), in the order of the layers, then `logits`
// ([samples, classes]). Of a program without @observe `logits` alone. The metadata name the network and the samples
// ("rvb.observed").
Safetensors observe(const rvb_program& program, const Manifest& manifest, const ParameterSet* parameters,
                    const Dataset& dataset, int64_t batch);

// How the spikes of a layer, or the logits, differ from those of another program.
struct LayerDifference {
  std::string name;
  int64_t elements = 0;
  int64_t beyond = 0;  // elements whose difference is beyond the tolerance
  int64_t decided = 0; // that fire in one of the programs alone
  double largest = 0;  // difference, as a share of the largest number in the other program's layer
  // The first one beyond: by sample, then by step, then by its place in the layer.
  int64_t sample = -1, step = 0;
  std::vector<int64_t> place;
  float ours = 0, theirs = 0;
};

// In the order of the layers. Failure(user) where the two are not of the same samples, or not of one network.
std::vector<LayerDifference> compare_observed(const Safetensors& ours, const Safetensors& theirs,
                                              const std::string& path, double tolerance);

} // namespace rvb::runtime
