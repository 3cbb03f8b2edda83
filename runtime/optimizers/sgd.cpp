#include "optimizers/update.h"

namespace rvb::runtime {

int64_t update_sgd(const Update& u) {
  const float mu = static_cast<float>(u.options["momentum"]), step = static_cast<float>(-u.rate);
  const float lambda = static_cast<float>(u.decay), scale = u.scale;
  const float* gradient = u.gradient;
  float* momentum = u.memory[0];
  if (u.options["nesterov"] != 0)
    return update_each(u, [=](float w, int64_t i) {
      const float g = scale * gradient[i] + lambda * w;
      momentum[i] = mu * momentum[i] + g;
      return w + step * (g + mu * momentum[i]);
    });
  return update_each(u, [=](float w, int64_t i) {
    momentum[i] = mu * momentum[i] + (scale * gradient[i] + lambda * w);
    return w + step * momentum[i];
  });
}

} // namespace rvb::runtime
