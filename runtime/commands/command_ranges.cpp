// The spikes that enter every binary layer: the largest, and how many are silent. What `rvbc deploy --calibrate` asks
// of the program that it builds for itself.
#include "commands/commands.h"

#include "base/failure.h"
#include "base/files.h"
#include "base/json_text.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <numeric>

namespace rvb::runtime {

namespace {

struct Spikes {
  float largest = 0;
  int64_t all = 0, silent = 0;
  int64_t groups = 0, silent_groups = 0; // of four channels, the last of a pixel with what is left
};

void look(Spikes& spikes, const float* values, int64_t count, int64_t channels) {
  spikes.all += count;
  for (int64_t pixel = 0; pixel < count; pixel += channels)
    for (int64_t c = 0; c < channels; c += 4) {
      const int64_t size = std::min<int64_t>(4, channels - c);
      int64_t zeros = 0;
      for (const float* value = values + pixel + c; value < values + pixel + c + size; ++value) {
        zeros += *value == 0;
        spikes.largest = std::max(spikes.largest, std::fabs(*value));
      }
      spikes.silent += zeros;
      ++spikes.groups;
      spikes.silent_groups += zeros == size;
    }
}

double share(int64_t part, int64_t all) {
  return static_cast<double>(part) / static_cast<double>(std::max<int64_t>(1, all));
}

} // namespace

int run_ranges(const Context& context) {
  const Manifest& manifest = context.manifest;
  check_cpu(context.program);
  if (manifest.ranges.empty() || manifest.ranges[0].bits != 0)
    throw Failure(Exit::usage,
                  "`" + manifest.name + "` shows no ranges: `rvbc deploy --calibrate` builds such a program");
  require(!context.options.output.empty(), "--output");
  std::unique_ptr<Dataset> dataset = open_samples(context, Split::train, false);
  int64_t batch = std::min<int64_t>({32, dataset->count(), context.options.batch.value_or(32)});
  Function ranges(context.program, manifest, "ranges", batch, nullptr);
  std::map<std::string, Spikes> layers;
  std::vector<int64_t> samples(static_cast<size_t>(batch));
  for (int64_t first = 0; first < dataset->count(); first += batch) {
    int64_t count = std::min(batch, dataset->count() - first);
    std::iota(samples.begin(), samples.end(), first);
    load_batch(*dataset, samples.data(), nullptr, count, manifest, ranges.image(), nullptr);
    ranges.run(count);
    for (const SpikeRange& range : manifest.ranges)
      look(layers[range.layer], ranges.result(RVB_RANGE, range.layer), count * range.elements, range.channels);
  }
  nlohmann::ordered_json json = {{"schema", "rvb.ranges/2"}, {"count", dataset->count()}};
  for (const auto& [path, spikes] : layers)
    json["layers"][path] = {{"largest", spikes.largest},
                            {"silent_spikes", share(spikes.silent, spikes.all)},
                            {"silent_groups", share(spikes.silent_groups, spikes.groups)}};
  write_file(context.options.output, json_text(json, 2) + "\n");
  return 0;
}

} // namespace rvb::runtime
