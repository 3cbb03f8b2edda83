#include "evaluation/entropy.h"

#include "base/failure.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>

namespace rvb::runtime {

namespace {

double bits_of(double share) {
  return share <= 0 || share >= 1 ? 0 : -share * std::log2(share);
}

// Of the distribution of sorted keys.
template <typename Key> double entropy(std::vector<Key>& keys) {
  std::sort(keys.begin(), keys.end());
  const auto all = static_cast<double>(keys.size());
  double bits = 0;
  for (size_t i = 0; i < keys.size();) {
    size_t end = i;
    while (end < keys.size() && keys[end] == keys[i])
      ++end;
    bits += bits_of(static_cast<double>(end - i) / all);
    i = end;
  }
  return bits;
}

double entropy_on_grid(const std::vector<float>& values, float largest, int levels) {
  std::vector<int32_t> keys;
  keys.reserve(values.size());
  for (const float value : values)
    keys.push_back(largest == 0 ? 0 : static_cast<int32_t>(std::lrint(value / largest * static_cast<float>(levels))));
  return entropy(keys);
}

double entropy_of_numbers(const std::vector<float>& values) {
  std::vector<uint32_t> keys(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    const float value = values[i] == 0 ? 0.0f : values[i]; // -0 says what 0 says
    std::memcpy(&keys[i], &value, sizeof value);
  }
  return entropy(keys);
}

} // namespace

EntropyCounter::EntropyCounter(const Network& network, const ParameterSet* parameters, int64_t batch)
    : manifest_(network.manifest),
      observe_(network.program, network.manifest, "observe",
               fitting_batch(network.program, network.manifest, "observe", batch), parameters),
      values_(network.manifest.neurons.size()) {
  if (values_.empty())
    throw Failure(Exit::usage, "--entropy: `" + manifest_.name + "` has no neurons to look at");
}

void EntropyCounter::add(const Dataset& dataset, int64_t most) {
  const int64_t all = dataset.count(), size = observe_.max_batch();
  int64_t largest = 1;
  for (const ObservedNeuron& neuron : manifest_.neurons)
    largest = std::max(largest, neuron.elements() * manifest_.steps);
  const int64_t wanted = std::clamp<int64_t>(most / largest, 1, all);
  std::vector<int64_t> chosen;
  for (int64_t i = 0; i < wanted; ++i) // spread: samples may lie class by class
    chosen.push_back(i * all / wanted);
  for (int64_t first = 0; first < wanted; first += size) {
    const int64_t count = std::min(size, wanted - first);
    load_batch(dataset, chosen.data() + first, nullptr, count, manifest_, observe_.image(), nullptr);
    observe_.run(count);
    for (size_t n = 0; n < values_.size(); ++n) {
      const float* values = observe_.result(RVB_SPIKES, manifest_.neurons[n].path);
      values_[n].insert(values_[n].end(), values, values + count * manifest_.steps * manifest_.neurons[n].elements());
    }
  }
}

std::vector<LayerEntropy> EntropyCounter::layers() const {
  std::vector<LayerEntropy> rows;
  for (size_t n = 0; n < values_.size(); ++n) {
    const std::vector<float>& values = values_[n];
    LayerEntropy row;
    row.layer = manifest_.neurons[n].path;
    row.values = static_cast<int64_t>(values.size());
    row.fired =
        1 - static_cast<double>(std::count(values.begin(), values.end(), 0.0f)) / static_cast<double>(row.values);
    row.decision = bits_of(row.fired) + bits_of(1 - row.fired);
    float largest = 0;
    for (const float value : values)
      largest = std::max(largest, std::fabs(value));
    row.i8 = entropy_on_grid(values, largest, 127);
    row.i16 = entropy_on_grid(values, largest, 1021); // the largest spike of --spikes i16
    row.f32 = entropy_of_numbers(values);
    rows.push_back(row);
  }
  return rows;
}

std::string entropy_text(const std::vector<LayerEntropy>& layers) {
  size_t width = 5;
  for (const LayerEntropy& row : layers)
    width = std::max(width, row.layer.size());
  std::string text =
      "\nentropy of spikes, bits each, estimated from below (f32: at most log2 of the values looked at)\n";
  text += fmt::format("{:{}}  {:>9}  {:>7}  {:>5}  {:>5}  {:>5}  {:>5}\n", "layer", width, "values", "fire", "fires",
                      "i8", "i16", "f32");
  for (const LayerEntropy& row : layers)
    text += fmt::format("{:{}}  {:>9}  {:>5.1f} %  {:>5.2f}  {:>5.2f}  {:>5.2f}  {:>5.2f}\n", row.layer, width,
                        row.values, 100 * row.fired, row.decision, row.i8, row.i16, row.f32);
  return text;
}

nlohmann::ordered_json entropy_json(const std::vector<LayerEntropy>& layers) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  for (const LayerEntropy& row : layers)
    rows.push_back({{"layer", row.layer},
                    {"values", row.values},
                    {"fired", row.fired},
                    {"fires_bits", row.decision},
                    {"i8_bits", row.i8},
                    {"i16_bits", row.i16},
                    {"f32_bits", row.f32}});
  return rows;
}

} // namespace rvb::runtime
