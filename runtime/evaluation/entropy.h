// How much a layer's spikes say: the entropy of what its neurons emit on real samples, as the numbers they are and on
// the grids of integer spikes.
#pragma once

#include "data/dataset.h"
#include "network/function.h"
#include "network/network.h"

namespace rvb::runtime {

// Bits a spike, of the distribution of all values that the layer's neurons emit: -sum of p log2 p. Values of all
// neurons, samples and steps are taken as one distribution. What is counted is an estimate from below: it cannot exceed
// log2 of the number of values, and rare values are missed.
struct LayerEntropy {
  std::string layer;
  int64_t values = 0;              // looked at
  double fired = 0;                // share other than 0
  double decision = 0;             // of "fires or not": at most 1
  double i8 = 0, i16 = 0, f32 = 0; // of values rounded to 255 and to 2043 levels of the largest, and as they are
};

class EntropyCounter {
public:
  // Failure(usage) when the program has no @observe.
  EntropyCounter(const Network& network, const ParameterSet* parameters, int64_t batch);
  // Looks at up to `most` values a layer, of samples spread over the data.
  void add(const Dataset& dataset, int64_t most = int64_t{1} << 22);
  std::vector<LayerEntropy> layers() const;

private:
  const Manifest& manifest_;
  Function observe_;
  std::vector<std::vector<float>> values_; // by neuron
};

std::string entropy_text(const std::vector<LayerEntropy>& layers);
nlohmann::ordered_json entropy_json(const std::vector<LayerEntropy>& layers);

} // namespace rvb::runtime
