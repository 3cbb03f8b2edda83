#include "optimizers/update.h"

#include <cmath>

namespace rvb::runtime {

int64_t update_rmsprop(const Update& u) {
  const double a = u.options["alpha"];
  const float alpha = static_cast<float>(a), rest = static_cast<float>(1 - a);
  const float mu = static_cast<float>(u.options["momentum"]), epsilon = static_cast<float>(u.options["epsilon"]);
  const float lambda = static_cast<float>(u.decay), scale = u.scale, step = static_cast<float>(-u.rate);
  const float* gradient = u.gradient;
  float *momentum = u.memory[0], *square = u.memory[1];
  return update_each(u, [=](float w, int64_t i) {
    const float g = scale * gradient[i] + lambda * w;
    square[i] = alpha * square[i] + rest * (g * g);
    momentum[i] = mu * momentum[i] + g / (std::sqrt(square[i]) + epsilon);
    return w + step * momentum[i];
  });
}

} // namespace rvb::runtime
