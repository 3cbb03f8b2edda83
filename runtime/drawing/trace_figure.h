// One layer's answer to one sample as a drawing: the input, a raster of spikes with their values, membranes over time,
// feature maps.
#pragma once

#include "drawing/svg.h"
#include "network/manifest.h"

namespace rvb::runtime {

struct Trace {
  std::string title, subtitle;
  const ObservedNeuron* neuron = nullptr;
  int64_t steps = 1;
  const float *spikes = nullptr, *membranes = nullptr; // [T, H, W, C] or [T, features]; membranes may be null
  // The frames the network saw, [frames, H, W, C]; no pictures for vectors.
  const float* frames = nullptr;
  int64_t frame_count = 0, frame_height = 0, frame_width = 0, frame_channels = 0;
};

Svg draw(const Trace& trace);

} // namespace rvb::runtime
