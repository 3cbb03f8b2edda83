#include "image.h"

#include <algorithm>
#include <cmath>

namespace rvb::runtime {

namespace {

struct Tap {
  int64_t low, high;
  float fraction; // of `high`
};

Tap tap(int64_t to, int64_t to_size, int64_t from_size) {
  float scale = static_cast<float>(from_size) / static_cast<float>(to_size);
  float at = std::max(0.0f, (static_cast<float>(to) + 0.5f) * scale - 0.5f);
  int64_t low = std::min(static_cast<int64_t>(at), from_size - 1);
  return {low, std::min(low + 1, from_size - 1), at - static_cast<float>(low)};
}

} // namespace

Image resize(const Image& image, int64_t height, int64_t width) {
  Image result{image.channels, height, width, Bytes(static_cast<size_t>(image.channels * height * width))};
  for (int64_t channel = 0; channel < image.channels; ++channel)
    for (int64_t y = 0; y < height; ++y)
      for (int64_t x = 0; x < width; ++x) {
        Tap v = tap(y, height, image.height), h = tap(x, width, image.width);
        const uint8_t* plane = image.pixels.data() + channel * image.height * image.width;
        auto row = [&](int64_t line) {
          const uint8_t* from = plane + line * image.width;
          return from[h.low] * (1 - h.fraction) + from[h.high] * h.fraction;
        };
        float value = row(v.low) * (1 - v.fraction) + row(v.high) * v.fraction;
        result.pixels[static_cast<size_t>((channel * height + y) * width + x)] =
            static_cast<uint8_t>(std::lround(value));
      }
  return result;
}

} // namespace rvb::runtime
