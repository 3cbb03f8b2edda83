// How training samples are varied. What happens to a sample is a function of (seed, epoch, sample, operation) alone, so
// that a run can be resumed anywhere and repeated with any number of threads.
#pragma once

#include "random.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace rvb::runtime {

// LANGUAGE.md says what each of them does; 0 and false: not at all.
struct Augmentation {
  bool flip = false;
  int64_t crop = 0, cutout = 0, roll = 0;
  double drop = 0, resized_crop = 0;

  bool moves() const { return flip || crop > 0 || cutout > 0 || roll > 0; }
  nlohmann::ordered_json json() const; // [{"name": "crop", "amount": 4}], as in the manifest
};

// Failure(internal) when the list holds what this runtime does not know.
Augmentation augmentation_from_json(const nlohmann::ordered_json& list);
// "flip", "crop=4" as on the command line. Failure(usage).
Augmentation augmentation_from_words(const std::vector<std::string>& words);

// Which numbers are drawn: the same for the same epoch of the same run.
struct Variation {
  Augmentation augmentation;
  uint64_t seed = 0;
  uint32_t epoch = 0;
};

// Which pixel of a frame each pixel of the result shows.
struct View {
  std::vector<int32_t> rows, columns;                               // -1: outside, black
  int64_t cut_top = 0, cut_bottom = 0, cut_left = 0, cut_right = 0; // black

  bool black(int64_t y, int64_t x) const {
    return rows[static_cast<size_t>(y)] < 0 || columns[static_cast<size_t>(x)] < 0 ||
           (y >= cut_top && y < cut_bottom && x >= cut_left && x < cut_right);
  }
};
// `variation` null: every pixel is where it was.
View view_of(const Variation* variation, int64_t sample, int64_t height, int64_t width);

// A part of a picture that fills the whole frame: torchvision's RandomResizedCrop with ratios from 3:4 to 4:3.
struct Window {
  int64_t top = 0, left = 0, height = 0, width = 0;
};
Window resized_crop(const Variation& variation, int64_t sample, int64_t height, int64_t width);

// Leaves out each event with the probability `drop`; `frame` counts events.
template <class Count> void drop_events(const Variation& variation, int64_t sample, Count* counts, int64_t size);

} // namespace rvb::runtime
