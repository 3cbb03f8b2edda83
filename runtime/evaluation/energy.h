// What an inference costs, counted on what the neurons of real samples emit, and priced under named models.
//
// A synaptic operation is one event (a value other than 0 that enters a layer) meeting one weight that is not 0: events
// x fan-out, in which an event at a border reaches fewer outputs than one in the middle. The papers' figure is rate x
// dense, in which padding taps and weights of 0 count.
#pragma once

#include "data/dataset.h"
#include "network/function.h"
#include "network/network.h"

namespace rvb::runtime {

// Picojoules. `multiply` is a multiplication alone (leak, scales); 0 where the model leaves it out.
struct EnergyModel {
  const char *name, *title, *source;
  double mac, ac, multiply;
  // Microjoules.
  double energy(double macs, double acs, double multiplications = 0) const {
    return (macs * mac + acs * ac + multiplications * multiply) * 1e-6;
  }
};
extern const EnergyModel energy_models[]; // the first is the paper's
extern const int energy_model_count;

// Sums over all samples and steps.
struct SynapseCount {
  int64_t events = 0;     // values other than 0 that entered
  int64_t values = 0;     // values that entered
  int64_t operations = 0; // events x fan-out, exact at borders
  int64_t possible = 0;   // values x fan-out, exact at borders
  bool graded = false;    // an event was neither 1 nor -1
};
struct NeuronCount {
  int64_t spikes = 0, updates = 0;
  double sum = 0, largest = 0; // of the spikes' absolute values
};

// Outputs of a convolution along one axis that read each position of its input.
std::vector<int64_t> fan_out(int64_t extent, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation = 1);
// Outputs that an input reaches over weights other than 0: [tap, channel] of a convolution, [value] of a linear layer,
// in the order of the observed values.
using Connections = std::vector<int64_t>;
// Adds what `values` ([frames, H, W, C] or [frames, features]) does in the layer. `connections` empty: no weight is 0.
void count_events(const ObservedSynapses& layer, const float* values, int64_t frames, const Connections& connections,
                  SynapseCount& count);

class EnergyCounter {
public:
  // Failure(usage) when the program has no @observe.
  EnergyCounter(const Network& network, const ParameterSet* parameters, int64_t batch);
  // Counts what @observe shows of the samples, or of the first `most` of them, in batches that fit in memory.
  void add(const Dataset& dataset, int64_t most = INT64_MAX);
  int64_t samples() const { return samples_; }
  const std::vector<SynapseCount>& synapses() const { return synapses_; }
  const std::vector<NeuronCount>& neurons() const { return neurons_; }
  // The share of weights that are 0; below 0 where they are inside the program, out of reach.
  double connection_sparsity() const { return connection_sparsity_; }

private:
  const Manifest& manifest_;
  Function observe_;
  int64_t samples_ = 0;
  double connection_sparsity_ = -1;
  std::vector<Connections> connections_;
  std::vector<SynapseCount> synapses_;
  std::vector<NeuronCount> neurons_;
};

// Of one sample, on average.
struct EnergyTotals {
  double flops = 0;           // dense operations of the layers with no neuron before them: all T steps
  double rate_operations = 0; // of the others: rate x dense
  double operations = 0;      // of the others: events x fan-out
  double dense = 0;           // of all layers, padding taps counted
  double macs = 0, acs = 0;   // events x fan-out of all layers: real weights under graded events, and the rest
  double dense_exact = 0;     // without padding taps
  double updates = 0, multiplications = 0, spikes = 0;
};
EnergyTotals totals(const Manifest& manifest, const EnergyCounter& counter);

// Both print what energy(…) of every model is, with what the figures leave out.
std::string energy_text(const Manifest& manifest, const EnergyCounter& counter);
nlohmann::ordered_json energy_json(const Network& network, const EnergyCounter& counter);

} // namespace rvb::runtime
