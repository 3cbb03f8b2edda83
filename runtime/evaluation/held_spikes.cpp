#include "evaluation/held_spikes.h"

#include "core/core.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fmt/format.h>

namespace rvb::runtime {

namespace {

struct Found {
  int64_t spikes = 0, beyond = 0, held = 0, largest = 0;
};

template <class Whole> Found look(const Whole* values, int64_t size, int64_t calibrated, int64_t limit) {
  int64_t spikes = 0, beyond = 0, held = 0, largest = 0;
#pragma omp parallel for schedule(static) num_threads(rvb_threads())                                                   \
    reduction(+ : spikes, beyond, held) reduction(max : largest)
  for (int64_t i = 0; i < size; ++i) {
    const int64_t value = std::abs(static_cast<int64_t>(values[i]));
    spikes += value != 0;
    beyond += value > calibrated;
    held += value >= limit;
    largest = std::max(largest, value);
  }
  return {spikes, beyond, held, largest};
}

double share(int64_t part, int64_t all) {
  return static_cast<double>(part) / static_cast<double>(std::max<int64_t>(1, all));
}

} // namespace

bool HeldSpikes::counted(const Manifest& manifest) {
  return !manifest.ranges.empty() && manifest.ranges[0].bits != 0;
}

void HeldSpikes::add(const Function& ranges, int64_t samples) {
  samples_ += samples;
  for (size_t i = 0; i < layers_.size(); ++i) {
    const SpikeRange& range = manifest_.ranges[i];
    const void* values = ranges.result(RVB_RANGE, range.layer);
    const int64_t size = samples * range.elements;
    const auto calibrated = std::llround(range.largest * range.scale);
    const Found found = range.bits == 16 ? look(static_cast<const int16_t*>(values), size, calibrated, range.limit)
                                         : look(static_cast<const int32_t*>(values), size, calibrated, range.limit);
    Count& count = layers_[i];
    count.spikes += found.spikes;
    count.beyond += found.beyond;
    count.held += found.held;
    count.largest = std::max(count.largest, static_cast<double>(found.largest) / range.scale);
  }
}

int64_t HeldSpikes::held() const {
  int64_t sum = 0;
  for (const Count& count : layers_)
    sum += count.held;
  return sum;
}

std::string HeldSpikes::text() const {
  if (!counted(manifest_))
    return "";
  std::string text = fmt::format("\nspikes of {} bits   (held: at the layer's limit, what was beyond it is lost)\n"
                                 "{:<24}  {:>11}  {:>11}  {:>11}  {:>14}  {:>20}\n",
                                 manifest_.ranges[0].bits, "binary layer", "limit", "calibrated", "largest",
                                 "beyond calibr.", "held at the limit");
  for (size_t i = 0; i < layers_.size(); ++i) {
    const SpikeRange& range = manifest_.ranges[i];
    const Count& count = layers_[i];
    text += fmt::format("{:<24}  {:>11.4g}  {:>11.4g}  {:>11.4g}  {:>12.3f} %  {:>10} {:>7.3f} %\n", range.layer,
                        static_cast<double>(range.limit) / range.scale, range.largest, count.largest,
                        100 * share(count.beyond, count.spikes), count.held, 100 * share(count.held, count.spikes));
  }
  return text;
}

std::string HeldSpikes::note() const {
  if (!counted(manifest_) || held() == 0)
    return "";
  size_t worst = 0;
  for (size_t i = 1; i < layers_.size(); ++i)
    if (share(layers_[i].held, layers_[i].spikes) > share(layers_[worst].held, layers_[worst].spikes))
      worst = i;
  return fmt::format("{} spikes were held at the limit of their {} bits, most in `{}` ({:.3g} % of its spikes): the "
                     "input is beyond what the calibration saw",
                     held(), manifest_.ranges[0].bits, manifest_.ranges[worst].layer,
                     100 * share(layers_[worst].held, layers_[worst].spikes));
}

nlohmann::ordered_json HeldSpikes::json() const {
  if (!counted(manifest_))
    return nullptr;
  nlohmann::ordered_json json = {{"bits", manifest_.ranges[0].bits},
                                 {"samples", samples_},
                                 {"held", held()},
                                 {"layers", nlohmann::ordered_json::array()}};
  for (size_t i = 0; i < layers_.size(); ++i) {
    const SpikeRange& range = manifest_.ranges[i];
    const Count& count = layers_[i];
    json["layers"].push_back({{"layer", range.layer},
                              {"limit", static_cast<double>(range.limit) / range.scale},
                              {"calibrated_largest", range.largest},
                              {"largest", count.largest},
                              {"spikes", count.spikes},
                              {"beyond_calibration", count.beyond},
                              {"held", count.held}});
  }
  return json;
}

} // namespace rvb::runtime
