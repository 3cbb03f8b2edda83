#include "sgd.h"

#include <cmath>

namespace rvb::runtime {

int64_t Sgd::step(ParameterSet& weights, const std::vector<const float*>& gradients, double rate, double momentum,
                  double weight_decay) {
  float mu = static_cast<float>(momentum), step = static_cast<float>(-rate);
  int64_t all_flips = 0;
  for (int p = 0; p < weights.count(); ++p) {
    const float* gradient = gradients[static_cast<size_t>(p)];
    if (gradient == nullptr)
      continue;
    float decay = weights.info(p).decays ? static_cast<float>(weight_decay) : 0.0f;
    float *w = weights[p].data(), *b = momentum_[p].data();
    int64_t count = weights[p].size(), flips = 0;
    // Elementwise: any split over threads gives the same bits. Small tensors are not worth waking threads for.
#pragma omp parallel for simd schedule(static) num_threads(rvb_threads()) reduction(+ : flips) if (count > 32768)
    for (int64_t i = 0; i < count; ++i) {
      float g = gradient[i] + decay * w[i];
      b[i] = mu * b[i] + g;
      float old = w[i];
      w[i] = old + step * b[i];
      flips += (old >= 0) != (w[i] >= 0);
    }
    all_flips += weights.info(p).binary ? flips : 0;
  }
  return all_flips;
}

double learning_rate(const std::string& schedule, double rate, int64_t epoch, int64_t epochs) {
  if (schedule != "cosine")
    return rate;
  const double pi = 3.14159265358979323846;
  return rate * (1 + std::cos(pi * static_cast<double>(epoch) / static_cast<double>(epochs))) / 2;
}

void update_statistic(Floats& running, const float* batch, double momentum) {
  float keep = static_cast<float>(1 - momentum), take = static_cast<float>(momentum);
  for (int64_t i = 0; i < running.size(); ++i)
    running[i] = keep * running[i] + take * batch[i];
}

} // namespace rvb::runtime
