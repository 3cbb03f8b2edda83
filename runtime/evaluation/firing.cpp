#include "evaluation/firing.h"

#include <algorithm>

namespace rvb::runtime {

std::string FiringFault::text() const {
  if (always)
    return "`" + layer +
           "` always fires: every neuron in every time step, so that it decides nothing; try a higher "
           "threshold, or BatchNorm before it";
  return "`" + layer +
         "` never fires: nothing passes it, and what comes before learns at best from its surrogate; try "
         "a lower threshold, BatchNorm before it, or a lower --lr";
}

std::vector<FiringFault> firing_faults(const Network& network, const ParameterSet& weights, const Dataset& samples) {
  const Manifest& m = network.manifest;
  std::vector<FiringFault> faults;
  if (m.neurons.empty() || find_function(network.program, "observe") == nullptr)
    return faults;
  const int64_t all = samples.count(), wanted = std::min(all, std::clamp<int64_t>(all / 100, 8, 64));
  Function observe(network.program, m, "observe", fitting_batch(network.program, m, "observe", wanted), &weights);
  std::vector<int64_t> spikes(m.neurons.size(), 0), updates(m.neurons.size(), 0);
  std::vector<int64_t> chosen;
  for (int64_t i = 0; i < wanted; ++i) // spread: samples may lie class by class
    chosen.push_back(i * all / wanted);
  for (int64_t first = 0; first < wanted; first += observe.max_batch()) {
    const int64_t count = std::min(observe.max_batch(), wanted - first);
    load_batch(samples, chosen.data() + first, nullptr, count, m, observe.image(), nullptr);
    observe.run(count);
    for (size_t n = 0; n < m.neurons.size(); ++n) {
      const float* values = observe.result(RVB_SPIKES, m.neurons[n].path);
      const int64_t size = count * m.steps * m.neurons[n].elements();
      spikes[n] += size - std::count(values, values + size, 0.0f);
      updates[n] += size;
    }
  }
  for (size_t n = 0; n < m.neurons.size(); ++n)
    if (spikes[n] == 0 || (spikes[n] == updates[n] && m.neurons[n].decides))
      faults.push_back({m.neurons[n].path, spikes[n] != 0});
  return faults;
}

} // namespace rvb::runtime
