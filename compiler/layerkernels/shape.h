// What a layer's loops are made of: which pixels meet which taps.
#pragma once

#include "layerkernels/layer.h"

namespace rvb::layerkernels {

// Results whose windows meet the same taps. A convolution has one phase; the gradient of its input with stride s has
// s * s: every s-th pixel meets every s-th tap.
struct Phase {
  int y0 = 0, x0 = 0;         // the first result's place
  int rows = 0, columns = 0;  // how many, step_y and step_x apart
  int taps_y = 0, taps_x = 0; // of the window
  int in_y = 0, in_x = 0;     // where the first result's window begins in the image; may lie outside
  int tap_y = 0, tap_x = 0;   // the weight tap that meets the window's first pixel
  int tap_step_y = 1, tap_step_x = 1;
};

struct Shape {
  ir::Element spikes = ir::Element::f32; // or integers: i16, i32
  bool sparse = false;                   // only groups that are not silent are visited
  int64_t steps = 1;                     // T when the neuron has states, else 1
  int height = 1, width = 1, channels = 1;
  int out_height = 1, out_width = 1, outputs = 1;
  int stride_y = 1, stride_x = 1; // from one result's window to the next
  int step_y = 1, step_x = 1;     // from one result of a phase to the next
  int kernel_y = 1, kernel_x = 1;
  std::vector<Phase> phases;

  int groups() const { return (channels + 3) / 4; } // tables a pixel
  int words() const { return (channels + 31) / 32; }
  int64_t synapses() const;                                   // of one image
  int64_t word_bytes() const { return int64_t{4} * outputs; } // from a word of an output to its next 32 channels
  int64_t tap_bytes() const { return word_bytes() * words(); }
};
Shape shape_of(const Layer& layer);

} // namespace rvb::layerkernels
