#include "training/reestimate.h"

#include "data/loader.h"

#include <numeric>

namespace rvb::runtime {

bool reestimate_batchnorm(Function& gradient, ParameterSet& weights, const Manifest& manifest, const Dataset& samples,
                          const std::function<bool()>& go_on) {
  std::vector<std::vector<double>> sums(static_cast<size_t>(weights.count()));
  std::vector<const float*> batches;
  for (int p = 0; p < weights.count(); ++p) {
    batches.push_back(gradient.result(RVB_STATISTIC, weights.info(p).name));
    if (batches.back() != nullptr)
      sums[static_cast<size_t>(p)].resize(static_cast<size_t>(weights[p].size()));
  }
  std::vector<int64_t> order(static_cast<size_t>(samples.count()));
  std::iota(order.begin(), order.end(), 0);
  Loader loader(samples, manifest, std::move(order), gradient.max_batch(), std::nullopt);
  while (const int64_t count = loader.next(gradient.image(), gradient.labels())) {
    if (!go_on())
      return false;
    gradient.run(count);
    for (size_t p = 0; p < sums.size(); ++p)
      for (size_t i = 0; i < sums[p].size(); ++i)
        sums[p][i] += static_cast<double>(count) * batches[p][i];
  }
  for (size_t p = 0; p < sums.size(); ++p)
    for (size_t i = 0; i < sums[p].size(); ++i)
      weights[static_cast<int>(p)][static_cast<int64_t>(i)] =
          static_cast<float>(sums[p][i] / static_cast<double>(samples.count()));
  return true;
}

} // namespace rvb::runtime
