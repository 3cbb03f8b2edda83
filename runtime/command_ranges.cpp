// The largest spike that enters every binary layer: what `rvbc deploy --spikes` asks of the program that it builds for
// itself.
#include "commands.h"

#include "failure.h"
#include "files.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <numeric>

namespace rvb::runtime {

int run_ranges(const Context& context) {
  const Manifest& manifest = context.manifest;
  check_cpu(context.program);
  if (manifest.ranges.empty())
    throw Failure(Exit::usage, "`" + manifest.name + "` shows no ranges: `rvbc deploy --spikes` builds such a program");
  require(!context.options.output.empty(), "--output");
  std::unique_ptr<Dataset> dataset = open_samples(context, Split::train, false);
  int64_t batch = std::min<int64_t>({32, dataset->count(), context.options.batch.value_or(32)});
  Function ranges(context.program, manifest, "ranges", batch, nullptr);
  std::map<std::string, float> largest;
  std::vector<int64_t> samples(static_cast<size_t>(batch));
  for (int64_t first = 0; first < dataset->count(); first += batch) {
    int64_t count = std::min(batch, dataset->count() - first);
    std::iota(samples.begin(), samples.end(), first);
    load_batch(*dataset, samples.data(), nullptr, count, manifest, ranges.image(), nullptr);
    ranges.run(count);
    for (const auto& [name, elements] : manifest.ranges) {
      const float* values = ranges.result(name);
      float& most = largest[name.substr(name.find(':') + 1)];
      for (int64_t i = 0; i < count * elements; ++i)
        most = std::max(most, std::fabs(values[i]));
    }
  }
  nlohmann::ordered_json json = {{"schema", "rvb.ranges/1"}, {"count", dataset->count()}, {"ranges", largest}};
  write_file(context.options.output, json.dump(2) + "\n");
  return 0;
}

} // namespace rvb::runtime
