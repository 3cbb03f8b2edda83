// Bop (Helwegen et al., 2019): the signs themselves are learned. Latent weights only carry them; what is real learns by
// Adam, as in the paper.
#include "optimizers/update.h"

#include <cmath>

namespace rvb::runtime {

int64_t update_bop(const Update& u) {
  if (!u.latent)
    return update_adam(u);
  const double g = u.options["gamma"];
  const float gamma = static_cast<float>(g), rest = static_cast<float>(1 - g), scale = u.scale;
  const float threshold = static_cast<float>(u.options["threshold"]);
  const float* gradient = u.gradient;
  float* mean = u.memory[0];
  return update_each(u, [=](float w, int64_t i) {
    mean[i] = rest * mean[i] + gamma * (scale * gradient[i]);
    // The gradient has pointed against this sign for long enough.
    const bool flips = std::fabs(mean[i]) > threshold && (mean[i] > 0) == (w >= 0);
    return flips ? (w == 0 ? -1e-30f : -w) : w;
  });
}

} // namespace rvb::runtime
