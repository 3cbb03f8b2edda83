// Adam and AdamW: the same step, with the decay in the gradient or apart from it.
#include "optimizers/update.h"

#include <cmath>

namespace rvb::runtime {

namespace {

int64_t adam(const Update& u, double coupled_decay, double kept) {
  const double b1 = u.options["beta1"], b2 = u.options["beta2"], t = static_cast<double>(u.step);
  const float beta1 = static_cast<float>(b1), rest1 = static_cast<float>(1 - b1);
  const float beta2 = static_cast<float>(b2), rest2 = static_cast<float>(1 - b2);
  const float coupled = static_cast<float>(coupled_decay), keep = static_cast<float>(kept);
  const float step = static_cast<float>(-u.rate / (1 - std::pow(b1, t)));
  const float root = static_cast<float>(1 / std::sqrt(1 - std::pow(b2, t)));
  const float epsilon = static_cast<float>(u.options["epsilon"]);
  const float* gradient = u.gradient;
  const float scale = u.scale;
  float *mean = u.memory[0], *square = u.memory[1];
  return update_each(u, [=](float w, int64_t i) {
    const float g = scale * gradient[i] + coupled * w;
    mean[i] = beta1 * mean[i] + rest1 * g;
    square[i] = beta2 * square[i] + rest2 * (g * g);
    return keep * w + step * (mean[i] / (std::sqrt(square[i]) * root + epsilon));
  });
}

} // namespace

int64_t update_adam(const Update& u) {
  return adam(u, u.decay, 1);
}

int64_t update_adamw(const Update& u) {
  return adam(u, 0, 1 - u.rate * u.decay);
}

} // namespace rvb::runtime
