// Where the pixels of the result come from. A view is read from the result back to the sample, so what happens later is
// put in front.
#include "augmentations/augment.h"

#include <cmath>

namespace rvb::runtime {

namespace {

// line[i] = line[from(i)], or outside.
template <class From> void reread(std::vector<int32_t>& line, From&& from) {
  const std::vector<int32_t> old = line;
  for (int64_t i = 0; i < static_cast<int64_t>(line.size()); ++i) {
    const int64_t at = from(i);
    line[static_cast<size_t>(i)] = at < 0 || at >= static_cast<int64_t>(old.size()) ? -1 : old[static_cast<size_t>(at)];
  }
}

void roll(std::vector<int32_t>& line, int64_t by) {
  const auto extent = static_cast<int64_t>(line.size());
  reread(line, [=](int64_t i) { return ((i - by) % extent + extent) % extent; });
}

} // namespace

void augment_crop(const recipe::Choice& options, Draws& draws, View& view) {
  const auto padding = static_cast<int64_t>(options[0]);
  const int64_t down = draws.within(padding), right = draws.within(padding);
  reread(view.rows, [=](int64_t i) { return i + down; });
  reread(view.columns, [=](int64_t i) { return i + right; });
}

void augment_roll(const recipe::Choice& options, Draws& draws, View& view) {
  const auto size = static_cast<int64_t>(options[0]);
  const int64_t down = draws.within(size), right = draws.within(size);
  roll(view.rows, down);
  roll(view.columns, right);
}

// Alternating: a coin for the first epoch, from then on each epoch the other way than the one before.
void augment_flip(const recipe::Choice& options, Draws& draws, View& view) {
  RandomKey key = draws.key();
  const bool odd = options["alternating"] != 0 && key.epoch % 2 == 1;
  if (options["alternating"] != 0)
    key.epoch = 0;
  if (Draws(key).coin() != odd)
    std::reverse(view.columns.begin(), view.columns.end());
}

// About the centre, by the nearest pixel: torchvision's RandomRotation, as Pillow rotates.
void augment_rotation(const recipe::Choice& options, Draws& draws, View& view) {
  const double angle = -(2 * draws.real() - 1) * options[0] * 3.14159265358979323846 / 180;
  const double c = std::cos(angle), s = std::sin(angle);
  const auto height = static_cast<double>(view.height()), width = static_cast<double>(view.width());
  std::vector<int32_t> map;
  map.reserve(view.rows.size() * view.columns.size());
  for (int64_t y = 0; y < view.height(); ++y)
    for (int64_t x = 0; x < view.width(); ++x) {
      const double right = static_cast<double>(x) + 0.5 - width / 2, down = static_cast<double>(y) + 0.5 - height / 2;
      const double from_x = c * right + s * down + width / 2, from_y = -s * right + c * down + height / 2;
      const bool inside = from_x >= 0 && from_x < width && from_y >= 0 && from_y < height;
      map.push_back(inside ? static_cast<int32_t>(view.at(static_cast<int64_t>(from_y), static_cast<int64_t>(from_x)))
                           : -1);
    }
  view.map = std::move(map);
}

void augment_cutout(const recipe::Choice& options, Draws& draws, View& view) {
  const auto size = static_cast<int64_t>(options[0]);
  const int64_t y = draws.below(view.height()), x = draws.below(view.width());
  view.cut_top = std::max<int64_t>(0, y - size / 2);
  view.cut_left = std::max<int64_t>(0, x - size / 2);
  view.cut_bottom = std::min(view.height(), y - size / 2 + size);
  view.cut_right = std::min(view.width(), x - size / 2 + size);
}

// torchvision's RandomResizedCrop with ratios from 3:4 to 4:3.
Window augment_resized_crop(const recipe::Choice& options, Draws& draws, int64_t height, int64_t width) {
  const double least = options[0], area = static_cast<double>(height * width);
  for (int attempt = 0; attempt < 10; ++attempt) {
    double target = area * (least + (1 - least) * draws.real());
    double ratio = std::exp(std::log(3.0 / 4) + (std::log(4.0 / 3) - std::log(3.0 / 4)) * draws.real());
    auto w = static_cast<int64_t>(std::lround(std::sqrt(target * ratio)));
    auto h = static_cast<int64_t>(std::lround(std::sqrt(target / ratio)));
    if (w > 0 && w <= width && h > 0 && h <= height) {
      int64_t top = draws.below(height - h + 1), left = draws.below(width - w + 1);
      return {top, left, h, w};
    }
  }
  // The largest part in the middle whose sides are as 3:4 to 4:3.
  int64_t h = height, w = width;
  if (4 * w < 3 * h)
    h = std::max<int64_t>(1, std::lround(static_cast<double>(w) * 4 / 3));
  else if (3 * w > 4 * h)
    w = std::max<int64_t>(1, std::lround(static_cast<double>(h) * 4 / 3));
  h = std::min(h, height);
  w = std::min(w, width);
  return {(height - h) / 2, (width - w) / 2, h, w};
}

} // namespace rvb::runtime
