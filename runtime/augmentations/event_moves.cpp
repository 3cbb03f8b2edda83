// What moves or leaves out events of recordings that are already cut into frames. Event by event, or frame by frame.
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

template <class Use> void typed(Values& values, Use&& use) {
  if (values.bytes != nullptr)
    use(values.bytes);
  else
    use(values.words);
}

// to(frame, channel, y, x) changes where an event goes; what leaves the frames is gone. A full element stays full.
template <class To> void move_events(Values& values, To&& to) {
  typed(values, [&](auto* counts) {
    using Count = std::remove_reference_t<decltype(*counts)>;
    std::vector<Count> moved(static_cast<size_t>(values.size()));
    int64_t at = 0;
    for (int64_t t = 0; t < values.frames; ++t)
      for (int64_t c = 0; c < values.channels; ++c)
        for (int64_t y = 0; y < values.height; ++y)
          for (int64_t x = 0; x < values.width; ++x, ++at)
            for (Count n = 0; n < counts[at]; ++n) {
              int64_t frame = t, row = y, column = x;
              to(frame, row, column);
              if (frame < 0 || frame >= values.frames || row < 0 || row >= values.height || column < 0 ||
                  column >= values.width)
                continue;
              Count& count = moved[static_cast<size_t>(
                  ((frame * values.channels + c) * values.height + row) * values.width + column)];
              count = static_cast<Count>(count + (count < static_cast<Count>(-1) ? 1 : 0));
            }
    std::copy(moved.begin(), moved.end(), counts);
  });
}

} // namespace

void augment_drop_time(const Choice& options, Draws& draws, Values& values) {
  const int64_t length = std::lround(options[0] * static_cast<double>(values.frames));
  const int64_t first = draws.below(values.frames - length + 1);
  typed(values, [&](auto* counts) { std::fill_n(counts + first * values.frame(), length * values.frame(), 0); });
}

// A box of this share of the height and of the width, as Tonic's DropEventByArea.
void augment_drop_area(const Choice& options, Draws& draws, Values& values) {
  const auto height = static_cast<int64_t>(options[0] * static_cast<double>(values.height));
  const auto width = static_cast<int64_t>(options[0] * static_cast<double>(values.width));
  const int64_t top = draws.below(values.height - height + 1), left = draws.below(values.width - width + 1);
  typed(values, [&](auto* counts) {
    for (int64_t plane = 0; plane < values.frames * values.channels; ++plane)
      for (int64_t y = top; y < top + height; ++y)
        std::fill_n(counts + (plane * values.height + y) * values.width + left, width, 0);
  });
}

void augment_polarity(const Choice&, Draws& draws, Values& values) {
  const int64_t half = values.frame() / 2;
  if (draws.coin())
    typed(values, [&](auto* counts) {
      for (int64_t t = 0; t < values.frames; ++t, counts += values.frame())
        std::swap_ranges(counts, counts + half, counts + half);
    });
}

void augment_spatial_jitter(const Choice& options, Draws& draws, Values& values) {
  move_events(values, [&](int64_t&, int64_t& y, int64_t& x) {
    y += std::lround(options[0] * normal(draws));
    x += std::lround(options[0] * normal(draws));
  });
}

void augment_time_jitter(const Choice& options, Draws& draws, Values& values) {
  move_events(values, [&](int64_t& t, int64_t&, int64_t&) { t += std::lround(options[0] * normal(draws)); });
}

} // namespace rvb::runtime
