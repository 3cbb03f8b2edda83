// A frame as files have it, [C, H, W], becomes one as kernels read it, [H, W, C], seen through a view.
#pragma once

#include "augmentations/augment.h"
#include "network/manifest.h"

namespace rvb::runtime {

// value(channel, index into the frame); black(channel) for what the view shows of nothing.
template <class Value, class Black>
void turn_frame(const Manifest& m, const View& view, float* to, Value&& value, Black&& black) {
  for (int64_t y = 0; y < m.height; ++y)
    for (int64_t x = 0; x < m.width; ++x) {
      int64_t at = view.at(y, x);
      if (at < 0) {
        for (int64_t channel = 0; channel < m.channels; ++channel)
          *to++ = black(channel);
        continue;
      }
      for (int64_t channel = 0; channel < m.channels; ++channel, at += m.height * m.width)
        *to++ = value(channel, at);
    }
}

// What a pixel of a byte becomes: (x / 255 - mean) / deviation with torchvision's roundings, [channels][256].
std::vector<float> pixel_table(const Manifest& manifest);
// Counts are not divided by 255.
float normalised(const Manifest& manifest, float x, int64_t channel, bool pixel);

} // namespace rvb::runtime
