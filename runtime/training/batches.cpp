#include "training/batches.h"

#include "base/failure.h"

#include <algorithm>

namespace rvb::runtime {

namespace {

// The first BatchNorm with one value a channel and sample; "" when there is none.
std::string single_valued(const Manifest& manifest) {
  for (const Parameter& p : manifest.parameters)
    if (p.values == 1)
      return p.name.substr(0, p.name.rfind('.'));
  return "";
}

} // namespace

void check_batch(const Manifest& manifest, int64_t count) {
  const std::string layer = count == 1 ? single_valued(manifest) : "";
  if (!layer.empty())
    throw Failure(Exit::user,
                  "a batch of one sample gives BatchNorm `" + layer +
                      "` one value a channel, which has no variance: take a --batch of two or more samples");
}

std::string left_out_for(const Manifest& manifest, int64_t samples, int64_t batch) {
  return batch > 1 && samples > 1 && samples % batch == 1 ? single_valued(manifest) : "";
}

int64_t epoch_steps(const Manifest& manifest, int64_t samples, int64_t batch) {
  check_batch(manifest, std::min(samples, batch));
  return (samples + batch - 1) / batch - (left_out_for(manifest, samples, batch).empty() ? 0 : 1);
}

} // namespace rvb::runtime
