#include "energy.h"

#include "core.h"
#include "failure.h"

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

std::vector<int64_t> fan_out(int64_t extent, int64_t kernel, int64_t stride, int64_t padding) {
  std::vector<int64_t> count(static_cast<size_t>(extent), 0);
  int64_t outputs = (extent + 2 * padding - kernel) / stride + 1;
  for (int64_t o = 0; o < outputs; ++o)
    for (int64_t k = 0; k < kernel; ++k)
      if (int64_t at = o * stride + k - padding; at >= 0 && at < extent)
        ++count[static_cast<size_t>(at)];
  return count;
}

void count_events(const ObservedSynapses& layer, const float* values, int64_t frames, SynapseCount& count) {
  bool convolution = layer.convolution();
  int64_t height = convolution ? layer.input_shape.at(1) : 1, width = convolution ? layer.input_shape.at(2) : 1;
  int64_t features =
      std::accumulate(layer.input_shape.begin(), layer.input_shape.end(), int64_t{1}, std::multiplies<>());
  int64_t channels = features / (height * width), outputs = layer.shape.at(0);
  std::vector<int64_t> rows{1}, columns{1};
  if (convolution) {
    rows = fan_out(height, layer.kernel[0], layer.stride[0], layer.padding[0]);
    columns = fan_out(width, layer.kernel[1], layer.stride[1], layer.padding[1]);
  }
  int64_t events = 0, operations = 0, graded = 0;
#pragma omp parallel for collapse(2) schedule(static) num_threads(rvb_threads()) reduction(+ : events, operations, graded)
  for (int64_t frame = 0; frame < frames; ++frame)
    for (int64_t y = 0; y < height; ++y)
      for (int64_t x = 0; x < width; ++x) {
        const float* at = values + ((frame * height + y) * width + x) * channels;
        int64_t here = 0;
        for (int64_t c = 0; c < channels; ++c) {
          here += at[c] != 0;
          graded += at[c] != 0 && std::fabs(at[c]) != 1;
        }
        events += here;
        operations += here * rows[static_cast<size_t>(y)] * columns[static_cast<size_t>(x)] * outputs;
      }
  int64_t reach = std::accumulate(rows.begin(), rows.end(), int64_t{0}) *
                  std::accumulate(columns.begin(), columns.end(), int64_t{0});
  count.events += events;
  count.operations += operations;
  count.values += frames * features;
  count.possible += frames * channels * reach * outputs;
  count.graded = count.graded || graded > 0;
}

namespace {

constexpr int64_t observation_bytes = int64_t{256} << 20; // results and block together, where one sample allows it

int64_t fitting_batch(const Manifest& manifest, const rvb_program& program, int64_t batch) {
  const FunctionInfo* info = manifest.find("observe");
  const rvb_function* function = find_function(program, "observe");
  if (info == nullptr || function == nullptr)
    throw Failure(Exit::usage, "`" + manifest.name + "` was compiled without its function `observe`: " +
                                   "deploy it with `rvbc deploy --observe`");
  int64_t sample = function->sample_bytes;
  for (const std::string& result : info->results)
    sample += manifest.observed_elements(result) * 4;
  return std::max<int64_t>(
      1, std::min(batch, (observation_bytes - function->static_bytes) / std::max<int64_t>(1, sample)));
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

EnergyCounter::EnergyCounter(const Context& context, const ParameterSet* parameters, int64_t batch)
    : manifest_(context.manifest), observe_(context.program, context.manifest, "observe",
                                            fitting_batch(context.manifest, context.program, batch), parameters),
      synapses_(context.manifest.synapses.size()), neurons_(context.manifest.neurons.size()) {}

void EnergyCounter::add(const Dataset& dataset) {
  int64_t batch = observe_.max_batch(), steps = manifest_.steps;
  std::vector<int64_t> samples(static_cast<size_t>(batch));
  for (int64_t first = 0; first < dataset.count(); first += batch) {
    int64_t count = std::min(batch, dataset.count() - first);
    std::iota(samples.begin(), samples.end(), first);
    load_batch(dataset, samples.data(), nullptr, count, manifest_, observe_.image(), nullptr);
    observe_.run(count);
    for (size_t i = 0; i < synapses_.size(); ++i) {
      const ObservedSynapses& layer = manifest_.synapses[i];
      // A still image is read once a step.
      bool still = layer.input == "image" && !manifest_.sequence;
      const float* values = layer.input == "image" ? observe_.image() : observe_.result(layer.input);
      for (int64_t repeat = 0; repeat < (still ? steps : 1); ++repeat)
        count_events(layer, values, still ? count : count * steps, synapses_[i]);
    }
    for (size_t i = 0; i < neurons_.size(); ++i)
      count_spikes(observe_.result(manifest_.neurons[i].spikes), count * steps * manifest_.neurons[i].elements(),
                   neurons_[i]);
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
    if (layer.input == "image") {
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
