#include "evaluation/energy.h"

#include "base/failure.h"
#include "core/core.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace rvb::runtime {

// 45 nm: M. Horowitz, "Computing's energy problem", ISSCC 2014: 32-bit float add 0.9 pJ, multiply 3.7 pJ; 8-bit integer
// add 0.03 pJ, multiply 0.2 pJ. The first row reproduces the paper's 50.03 uJ from its 3.54 M FLOPs and 75.10 M SOPs.
const EnergyModel energy_models[] = {
    {"paper", "12.5 pJ a FLOP, 77 fJ a SOP",
     "ReverB-SNN's table; 77 fJ is a binary spike event of the ROLLS neuromorphic processor", 12.5, 0.077, 0},
    {"45nm-f32", "4.6 pJ a multiply-add, 0.9 pJ an add, 3.7 pJ a multiply", "Horowitz, ISSCC 2014: 45 nm, 32-bit float",
     4.6, 0.9, 3.7},
    {"45nm-int8", "0.23 pJ a multiply-add, 0.03 pJ an add, 0.2 pJ a multiply",
     "Horowitz, ISSCC 2014: 45 nm, 8-bit integers", 0.23, 0.03, 0.2},
};
const int energy_model_count = sizeof energy_models / sizeof *energy_models;

std::vector<int64_t> fan_out(int64_t extent, int64_t kernel, int64_t stride, int64_t padding, int64_t dilation) {
  std::vector<int64_t> count(static_cast<size_t>(extent), 0);
  int64_t outputs = (extent + 2 * padding - (kernel - 1) * dilation - 1) / stride + 1;
  for (int64_t o = 0; o < outputs; ++o)
    for (int64_t k = 0; k < kernel; ++k)
      if (int64_t at = o * stride + k * dilation - padding; at >= 0 && at < extent)
        ++count[static_cast<size_t>(at)];
  return count;
}

namespace {

// Of an event at (y, x): the sum over the taps that reach an output, each with its weights.
class Reach {
public:
  Reach(const ObservedSynapses& layer, const Connections& connections, int64_t channels)
      : layer_(layer), connections_(connections), channels_(channels) {}

  int64_t operator()(int64_t y, int64_t x, int64_t channel) const {
    if (!layer_.convolution())
      return connections_[static_cast<size_t>(channel)];
    int64_t sum = 0;
    for (int64_t ky = 0; ky < layer_.kernel[0]; ++ky)
      for (int64_t kx = 0; kx < layer_.kernel[1]; ++kx)
        if (lands(y, ky, 0) && lands(x, kx, 1))
          sum += connections_[static_cast<size_t>((ky * layer_.kernel[1] + kx) * channels_ + channel)];
    return sum;
  }

private:
  bool lands(int64_t at, int64_t tap, int axis) const {
    int64_t place = at + layer_.padding[axis] - tap * layer_.dilation[axis];
    return place >= 0 && place % layer_.stride[axis] == 0 &&
           place / layer_.stride[axis] < layer_.shape[static_cast<size_t>(1 + axis)];
  }

  const ObservedSynapses& layer_;
  const Connections& connections_;
  int64_t channels_;
};

} // namespace

void count_events(const ObservedSynapses& layer, const float* values, int64_t frames, const Connections& connections,
                  SynapseCount& count) {
  bool convolution = layer.convolution();
  int64_t height = convolution ? layer.input_shape.at(1) : 1, width = convolution ? layer.input_shape.at(2) : 1;
  int64_t features =
      std::accumulate(layer.input_shape.begin(), layer.input_shape.end(), int64_t{1}, std::multiplies<>());
  int64_t channels = features / (height * width), outputs = layer.shape.at(0) / layer.groups;
  std::vector<int64_t> rows{1}, columns{1};
  if (convolution) {
    rows = fan_out(height, layer.kernel[0], layer.stride[0], layer.padding[0], layer.dilation[0]);
    columns = fan_out(width, layer.kernel[1], layer.stride[1], layer.padding[1], layer.dilation[1]);
  }
  // Where the fan-out depends on a place that is not looked at (ends of a line, edges of a larger image) its mean
  // counts.
  const bool mean = !convolution && layer.dense != features * outputs;
  bool pruned = !connections.empty() && !mean;
  Reach reached(layer, connections, channels);
  int64_t events = 0, operations = 0, graded = 0;
#pragma omp parallel for collapse(2) schedule(static) num_threads(rvb_team()) reduction(+ : events, operations, graded)
  for (int64_t frame = 0; frame < frames; ++frame)
    for (int64_t y = 0; y < height; ++y)
      for (int64_t x = 0; x < width; ++x) {
        const float* at = values + ((frame * height + y) * width + x) * channels;
        int64_t here = 0;
        for (int64_t c = 0; c < channels; ++c) {
          here += at[c] != 0;
          graded += at[c] != 0 && std::fabs(at[c]) != 1;
          if (pruned && at[c] != 0)
            operations += reached(y, x, c);
        }
        events += here;
        if (!pruned)
          operations += here * rows[static_cast<size_t>(y)] * columns[static_cast<size_t>(x)] * outputs;
      }
  if (mean) {
    const double all = static_cast<double>(connections.size()) * static_cast<double>(outputs);
    const double used =
        connections.empty()
            ? 1
            : static_cast<double>(std::accumulate(connections.begin(), connections.end(), int64_t{0})) / all;
    const double each = static_cast<double>(layer.dense) / static_cast<double>(features);
    operations = std::llround(static_cast<double>(events) * each * used);
    count.possible += frames * layer.dense;
  }
  int64_t reach = std::accumulate(rows.begin(), rows.end(), int64_t{0}) *
                  std::accumulate(columns.begin(), columns.end(), int64_t{0});
  count.events += events;
  count.operations += operations;
  count.values += frames * features;
  if (!mean)
    count.possible += frames * channels * reach * outputs;
  count.graded = count.graded || graded > 0;
}

namespace {

bool is_zero(const ObservedSynapses& layer, float weight, double threshold) {
  if (layer.ternary_threshold >= 0)
    return std::fabs(static_cast<double>(weight)) <= threshold;
  return !layer.binary && weight == 0; // the sign of a latent 0 is 1
}

// Weights in memory: [Kh, Kw, Ci / groups, Co] or [in, out].
Connections connections_of(const Manifest& manifest, const ObservedSynapses& layer, const Floats& weights,
                           int64_t& zeros) {
  double threshold = 0;
  for (int64_t i = 0; i < weights.size() && layer.ternary_threshold >= 0; ++i)
    threshold += std::fabs(static_cast<double>(weights[i]));
  threshold *= layer.ternary_threshold / static_cast<double>(weights.size());
  int64_t outputs = layer.shape.at(0), before = zeros;
  const int64_t within = layer.groups > 1 ? layer.input_shape.at(0) / layer.groups : weights.size() / outputs;
  const int64_t reached = outputs / layer.groups; // by a channel
  Connections connections(static_cast<size_t>(weights.size() / reached), reached);
  for (int64_t i = 0; i < weights.size(); ++i)
    if (is_zero(layer, weights[i], threshold)) {
      const int64_t tap = i / outputs / within, group = i % outputs / reached;
      --connections[static_cast<size_t>((tap * layer.groups + group) * within + i / outputs % within)];
      ++zeros;
    }
  if (zeros == before)
    return {};
  Shape shape = layer.input_role == RVB_INPUT ? manifest.input : Shape{};
  for (const ObservedNeuron& neuron : manifest.neurons)
    if (layer.input_role == RVB_SPIKES && neuron.path == layer.input)
      shape = neuron.shape;
  if (layer.convolution() || shape.size() < 2)
    return connections;
  // Seen before it is flattened: value (y, x, c) is feature (c, y, x).
  Connections seen(connections.size());
  int64_t channels = shape[0], area = static_cast<int64_t>(connections.size()) / channels;
  for (int64_t at = 0; at < area; ++at)
    for (int64_t c = 0; c < channels; ++c)
      seen[static_cast<size_t>(at * channels + c)] = connections[static_cast<size_t>(c * area + at)];
  return seen;
}

void count_spikes(const float* values, int64_t size, NeuronCount& count) {
  int64_t spikes = 0;
  double sum = 0, largest = 0;
  for (int64_t i = 0; i < size; ++i) {
    double value = std::fabs(static_cast<double>(values[i]));
    spikes += value != 0;
    sum += value;
    largest = std::max(largest, value);
  }
  count.spikes += spikes;
  count.updates += size;
  count.sum += sum;
  count.largest = std::max(count.largest, largest);
}

} // namespace

EnergyCounter::EnergyCounter(const Network& network, const ParameterSet* parameters, int64_t batch)
    : manifest_(network.manifest),
      observe_(network.program, network.manifest, "observe",
               fitting_batch(network.program, network.manifest, "observe", batch), parameters),
      connections_(network.manifest.synapses.size()), synapses_(network.manifest.synapses.size()),
      neurons_(network.manifest.neurons.size()) {
  int64_t zeros = 0, weights = 0;
  for (size_t i = 0; i < connections_.size(); ++i) {
    int index = parameters == nullptr ? -1 : parameters->find(manifest_.synapses[i].path + ".weight");
    if (index < 0)
      continue;
    connections_[i] = connections_of(manifest_, manifest_.synapses[i], (*parameters)[index], zeros);
    weights += (*parameters)[index].size();
  }
  if (weights > 0)
    connection_sparsity_ = static_cast<double>(zeros) / static_cast<double>(weights);
}

void EnergyCounter::add(const Dataset& dataset, int64_t most) {
  int64_t batch = observe_.max_batch(), steps = manifest_.steps, all = std::min(most, dataset.count());
  std::vector<int64_t> samples(static_cast<size_t>(batch));
  for (int64_t first = 0; first < all; first += batch) {
    int64_t count = std::min(batch, all - first);
    std::iota(samples.begin(), samples.end(), first);
    load_batch(dataset, samples.data(), nullptr, count, manifest_, observe_.image(), nullptr);
    observe_.run(count);
    for (size_t i = 0; i < synapses_.size(); ++i) {
      const ObservedSynapses& layer = manifest_.synapses[i];
      // A still image is read once a step.
      const bool from_input = layer.input_role == RVB_INPUT, still = from_input && !manifest_.sequence;
      const float* values = from_input ? observe_.image() : observe_.result(layer.input_role, layer.input);
      for (int64_t repeat = 0; repeat < (still ? steps : 1); ++repeat)
        count_events(layer, values, still ? count : count * steps, connections_[i], synapses_[i]);
    }
    for (size_t i = 0; i < neurons_.size(); ++i)
      count_spikes(observe_.result(RVB_SPIKES, manifest_.neurons[i].path),
                   count * steps * manifest_.neurons[i].elements(), neurons_[i]);
    samples_ += count;
  }
}

EnergyTotals totals(const Manifest& manifest, const EnergyCounter& counter) {
  EnergyTotals t;
  double n = static_cast<double>(std::max<int64_t>(1, counter.samples())), steps = static_cast<double>(manifest.steps);
  for (size_t i = 0; i < manifest.synapses.size(); ++i) {
    const ObservedSynapses& layer = manifest.synapses[i];
    const SynapseCount& count = counter.synapses()[i];
    double dense = static_cast<double>(layer.dense) * steps, operations = static_cast<double>(count.operations) / n;
    double rate = count.values == 0 ? 0 : static_cast<double>(count.events) / static_cast<double>(count.values);
    t.dense += dense;
    t.dense_exact += static_cast<double>(count.possible) / n;
    if (layer.first) {
      t.flops += dense;
    } else {
      t.rate_operations += rate * dense;
      t.operations += operations;
    }
    bool multiplies = !layer.binary && count.graded;
    (multiplies ? t.macs : t.acs) += operations;
    t.multiplications += static_cast<double>(layer.scales) * steps;
  }
  for (size_t i = 0; i < manifest.neurons.size(); ++i) {
    const ObservedNeuron& neuron = manifest.neurons[i];
    double updates = static_cast<double>(neuron.elements()) * steps;
    t.updates += updates;
    t.multiplications += updates * static_cast<double>(neuron.multiplications);
    t.spikes += static_cast<double>(counter.neurons()[i].spikes) / n;
  }
  return t;
}

} // namespace rvb::runtime
