#include "images/image.h"

#include <algorithm>
#include <cmath>

namespace rvb::runtime {

namespace {

// Fixed point with the precision of Pillow: the same bytes come out.
constexpr int bits = 22;

// Which pixels of a line make one pixel of the result, and how much of each.
struct Weights {
  int64_t first = 0;
  std::vector<int32_t> values; // of one << bits
};

// A line of `from` pixels becomes one of `to`, of which those in [begin, begin + count) are wanted.
std::vector<Weights> weights_of(int64_t from, int64_t to, int64_t begin, int64_t count) {
  std::vector<Weights> result(static_cast<size_t>(count));
  double scale = static_cast<double>(from) / static_cast<double>(to), support = std::max(scale, 1.0);
  for (int64_t i = begin; i < begin + count; ++i) {
    Weights& w = result[static_cast<size_t>(i - begin)];
    double centre = (static_cast<double>(i) + 0.5) * scale, sum = 0;
    w.first = std::max<int64_t>(0, static_cast<int64_t>(centre - support + 0.5));
    int64_t last = std::min(from, static_cast<int64_t>(centre + support + 0.5));
    std::vector<double> values;
    for (int64_t k = w.first; k < last; ++k) {
      values.push_back(std::max(0.0, 1 - std::fabs((static_cast<double>(k) - centre + 0.5) / support)));
      sum += values.back();
    }
    for (double value : values)
      w.values.push_back(static_cast<int32_t>(0.5 + value / sum * (1 << bits)));
  }
  return result;
}

uint8_t rounded(int32_t sum) {
  return static_cast<uint8_t>(std::min(255, (sum + (1 << (bits - 1))) >> bits));
}

// `across` counts from column `left`, `down` from row `top`.
Image weigh(const Image& image, int64_t top, int64_t left, const std::vector<Weights>& across,
            const std::vector<Weights>& down) {
  auto height = static_cast<int64_t>(down.size()), width = static_cast<int64_t>(across.size());
  int64_t first = down.front().first, last = down.back().first + static_cast<int64_t>(down.back().values.size());
  Image result{image.channels, height, width, Bytes(static_cast<size_t>(image.channels * height * width))};
  Bytes lines(static_cast<size_t>((last - first) * width)); // rounded between the passes, as Pillow
  for (int64_t channel = 0; channel < image.channels; ++channel) {
    for (int64_t y = first; y < last; ++y) {
      const uint8_t* from = image.pixels.data() + (channel * image.height + top + y) * image.width + left;
      for (int64_t x = 0; x < width; ++x) {
        const Weights& w = across[static_cast<size_t>(x)];
        int32_t sum = 0;
        for (size_t k = 0; k < w.values.size(); ++k)
          sum += w.values[k] * from[w.first + static_cast<int64_t>(k)];
        lines[static_cast<size_t>((y - first) * width + x)] = rounded(sum);
      }
    }
    for (int64_t y = 0; y < height; ++y) {
      const Weights& w = down[static_cast<size_t>(y)];
      uint8_t* to = result.pixels.data() + (channel * height + y) * width;
      for (int64_t x = 0; x < width; ++x) {
        int32_t sum = 0;
        for (size_t k = 0; k < w.values.size(); ++k)
          sum += w.values[k] * lines[static_cast<size_t>((w.first - first + static_cast<int64_t>(k)) * width + x)];
        to[x] = rounded(sum);
      }
    }
  }
  return result;
}

} // namespace

Image resample(const Image& image, int64_t top, int64_t left, int64_t part_height, int64_t part_width, int64_t height,
               int64_t width) {
  return weigh(image, top, left, weights_of(part_width, width, 0, width), weights_of(part_height, height, 0, height));
}

Image prepare(const Image& image, int64_t resize, int64_t height, int64_t width) {
  int64_t h = 0, w = 0;
  if (resize > 0) {
    const int64_t shorter = std::min(image.height, image.width); // rounded down, as torchvision does
    h = image.height * resize / shorter;
    w = image.width * resize / shorter;
  } else if (image.height * width > image.width * height) { // higher than the input: as wide as it
    w = width;
    h = std::max(height, image.height * width / image.width);
  } else {
    h = height;
    w = std::max(width, image.width * height / image.height);
  }
  const int64_t top = std::lrint(static_cast<double>(h - height) / 2),
                left = std::lrint(static_cast<double>(w - width) / 2);
  return resample_cut(image, h, w, top, left, height, width);
}

// Of a thin picture, the whole one would be very long.
Image resample_cut(const Image& image, int64_t whole_height, int64_t whole_width, int64_t top, int64_t left,
                   int64_t height, int64_t width) {
  return weigh(image, 0, 0, weights_of(image.width, whole_width, left, width),
               weights_of(image.height, whole_height, top, height));
}

} // namespace rvb::runtime
