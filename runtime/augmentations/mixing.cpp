// mixup (Zhang et al., 2018) and CutMix (Yun et al., 2019) as torchvision's: one share for a batch, each sample with
// the one before it.
#include "augmentations/augment.h"

#include <cmath>

namespace rvb::runtime {

namespace {

using recipe::Choice;

constexpr double pi = 3.14159265358979323846;

double normal(Draws& draws) {
  const double radius = std::sqrt(-2 * std::log(1 - draws.real()));
  return radius * std::cos(2 * pi * draws.real());
}

// Marsaglia and Tsang, 2000; below 1 by the gamma of shape + 1.
double gamma(double shape, Draws& draws) {
  if (shape < 1) {
    const double power = std::pow(1 - draws.real(), 1 / shape);
    return gamma(shape + 1, draws) * power;
  }
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = normal(draws), root = 1 + c * x, v = root * root * root;
    if (root > 0 && std::log(1 - draws.real()) < x * x / 2 + d - d * v + d * std::log(v))
      return d * v;
  }
}

double beta(double alpha, Draws& draws) {
  const double a = gamma(alpha, draws), b = gamma(alpha, draws);
  return a + b > 0 ? a / (a + b) : 0.5;
}

} // namespace

Mix augment_mixup(const Choice& options, Draws& draws, int64_t, int64_t) {
  Mix mix;
  mix.share = beta(options[0], draws);
  return mix;
}

Mix augment_cutmix(const Choice& options, Draws& draws, int64_t height, int64_t width) {
  Mix mix;
  mix.blend = false;
  const double half = std::sqrt(1 - beta(options[0], draws)) / 2;
  const int64_t x = draws.below(width), y = draws.below(height);
  const auto half_width = static_cast<int64_t>(half * static_cast<double>(width));
  const auto half_height = static_cast<int64_t>(half * static_cast<double>(height));
  mix.left = std::max<int64_t>(0, x - half_width);
  mix.top = std::max<int64_t>(0, y - half_height);
  mix.right = std::min(width, x + half_width);
  mix.bottom = std::min(height, y + half_height);
  mix.share =
      1 - static_cast<double>((mix.right - mix.left) * (mix.bottom - mix.top)) / static_cast<double>(height * width);
  return mix;
}

void mix_images(const Mix& mix, int64_t frames, int64_t count, int64_t height, int64_t width, int64_t channels,
                float* images) {
  const int64_t size = height * width * channels, row = width * channels;
  const auto keep = static_cast<float>(mix.share), take = static_cast<float>(1 - mix.share);
  for (int64_t t = 0; t < frames; ++t) {
    float* frame = images + t * count * size;
    const std::vector<float> last(frame + (count - 1) * size, frame + count * size);
    for (int64_t i = count - 1; i >= 0; --i) { // from the end, so that the one before is still as it was
      float* own = frame + i * size;
      const float* other = i > 0 ? own - size : last.data();
      if (mix.blend)
        for (int64_t k = 0; k < size; ++k)
          own[k] = keep * own[k] + take * other[k];
      else
        for (int64_t y = mix.top; y < mix.bottom; ++y)
          std::copy(other + y * row + mix.left * channels, other + y * row + mix.right * channels,
                    own + y * row + mix.left * channels);
    }
  }
}

} // namespace rvb::runtime
