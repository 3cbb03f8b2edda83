// Where the pixels of the result come from. A view is read from the result back to the sample, so what happens later is
// put in front.
#include "augment.h"

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

void augment_flip(const recipe::Choice&, Draws& draws, View& view) {
  if (draws.coin())
    std::reverse(view.columns.begin(), view.columns.end());
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
