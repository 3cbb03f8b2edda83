// How training samples are varied. What happens to a sample is a function of (seed, epoch, sample, operation) alone, so
// that a run can be resumed anywhere and repeated with any number of threads. LANGUAGE.md says what each augmentation
// does; each is a row of recipe/augmentations.def and a function in augmentations/.
#pragma once

#include "base/random.h"
#include "recipe/tables.h"

#include <optional>
#include <vector>

namespace rvb::runtime {

// Which numbers are drawn: the same for the same epoch of the same run.
struct Variation {
  std::vector<recipe::Choice> augment; // each row at most once, in any order
  uint64_t seed = 0;
  uint32_t epoch = 0;
};

// Draws for one sample and one operation, in order.
class Draws {
public:
  Draws(const RandomKey& key) : key_(key) {}

  // 0 … count - 1
  int64_t below(int64_t count) {
    return static_cast<int64_t>((static_cast<unsigned __int128>(bits()) * static_cast<uint64_t>(count)) >> 64);
  }
  int64_t within(int64_t radius) { return below(2 * radius + 1) - radius; }
  double real() { return static_cast<double>(bits() >> 11) * 0x1p-53; } // [0, 1)
  bool coin() { return (random_bits(key_, 0)[0] & 1) != 0; }            // the first draw
  const RandomKey& key() const { return key_; }

private:
  uint64_t bits() {
    RandomBlock block = random_bits(key_, next_++);
    return uint64_t{block[0]} << 32 | block[1];
  }
  RandomKey key_;
  uint32_t next_ = 0;
};

// Which pixel of a frame each pixel of the result shows.
struct View {
  std::vector<int32_t> rows, columns; // -1: outside, black
  std::vector<int32_t> map;           // where it is not rows and columns: for every pixel a place in the frame, or -1
  int64_t cut_top = 0, cut_bottom = 0, cut_left = 0, cut_right = 0; // black

  View(int64_t height, int64_t width); // every pixel where it was
  int64_t height() const { return static_cast<int64_t>(rows.size()); }
  int64_t width() const { return static_cast<int64_t>(columns.size()); }
  // The place in a frame of what is at (y, x); -1: black.
  int64_t at(int64_t y, int64_t x) const {
    if (y >= cut_top && y < cut_bottom && x >= cut_left && x < cut_right)
      return -1;
    if (!map.empty())
      return map[static_cast<size_t>(y * width() + x)];
    const int64_t row = rows[static_cast<size_t>(y)], column = columns[static_cast<size_t>(x)];
    return row < 0 || column < 0 ? -1 : row * width() + column;
  }
};

// A part of a picture that fills the whole frame.
struct Window {
  int64_t top = 0, left = 0, height = 0, width = 0;
};

// A decoded sample of which the values change: [frames, channels, height, width], counts of events or pixels.
struct Values {
  uint8_t* bytes = nullptr;  // of elements of one byte, else null
  uint16_t* words = nullptr; // of elements of two
  int64_t frames = 1, channels = 1, height = 1, width = 1;

  int64_t frame() const { return channels * height * width; }
  int64_t size() const { return frames * frame(); }
};

// How a batch is mixed with itself: sample i with sample i - 1, the first with the last, as torchvision does.
struct Mix {
  double share = 1;  // of a sample that it keeps, and of its own label
  bool blend = true; // else the box shows the other sample
  int64_t top = 0, left = 0, bottom = 0, right = 0;
};

// What the function of a row is, by its stage.
using values_function = void(const recipe::Choice& options, Draws& draws, Values& values);
using window_function = Window(const recipe::Choice& options, Draws& draws, int64_t height, int64_t width);
using view_function = void(const recipe::Choice& options, Draws& draws, View& view);
using mix_function = Mix(const recipe::Choice& options, Draws& draws, int64_t height, int64_t width);
#define AUGMENTATION(name, stage, draw, needs, options) stage##_function augment_##name;
#include "recipe/augmentations.def"
#undef AUGMENTATION

// `variation` null: every pixel is where it was.
View view_of(const Variation* variation, int64_t sample, int64_t height, int64_t width);
// The part of a picture that is read, where a row chooses one.
std::optional<Window> window_of(const Variation* variation, int64_t sample, int64_t height, int64_t width);
bool chooses_window(const std::vector<recipe::Choice>& augment);
// The values of a sample, of events or pixels.
bool varies_values(const Variation* variation, bool events);
void vary_values(const Variation& variation, int64_t sample, bool events, Values& values);
// How batch number `batch` of the epoch is mixed; nothing where no row does. Of two rows, each takes half of the
// batches.
std::optional<Mix> mix_of(const Variation& variation, int64_t batch, int64_t height, int64_t width);
// The first `count` samples of [frames, count, pixels, channels] in place.
void mix_images(const Mix& mix, int64_t frames, int64_t count, int64_t height, int64_t width, int64_t channels,
                float* images);

} // namespace rvb::runtime
