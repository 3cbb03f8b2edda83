// What a layer's loops are made of: which pixels meet which taps, and how many results are summed at once.
#pragma once

#include "codegen/layer.h"

namespace rvb::codegen {

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

constexpr int narrow_tables = 7; // of 32 channels in 16 bits on wide registers (layer_narrow.cpp)

struct Shape {
  ir::Element spikes = ir::Element::f32; // or whole numbers: i16, i32
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
  int64_t synapses() const; // of one image
};
Shape shape_of(const Layer& layer);

// P pixels by V vectors of outputs are summed at once.
struct Tiles {
  int lanes = 16;
  int vectors = 1;        // of a block of outputs
  int pixels = 1;         // at most, in a row
  bool across = false;    // also: the same pixel of several images, so that windows of small images waste no taps
  int across_vectors = 1; //
  int images = 1;         // at most, then
  int strip = 1;          // rows of a phase that one task computes
  int parts = 1;          // into which the blocks of outputs are dealt
};
Tiles choose_tiles(const Shape& shape, const kernels::Target& target);

} // namespace rvb::codegen
