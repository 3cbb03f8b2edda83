// How a layer's results are cut into tasks and tiles, and the frame of an image that a task's tables span.
#pragma once

#include "layerkernels/scheme.h"

namespace rvb::layerkernels {

struct Tiles {
  int lanes = 16;
  int vectors = 1;        // of a block of outputs
  int pixels = 1;         // at most, in a row
  bool across = false;    // also: the same pixel of several images, so that windows of small images waste no taps
  int across_vectors = 1; //
  int images = 1;         // at most, then
  int strip = 1;          // rows of a phase that one task computes
  int parts = 1;          // into which the blocks of outputs are dealt

  // Outputs of a part but the last one; `vectors` as above. 0: there is one part.
  int part_outputs(int outputs, int block_vectors) const {
    const int width = block_vectors * lanes;
    return parts > 1 ? outputs / width / parts * width : 0;
  }
  int images_per_task() const { return across ? images : 1; }
};
Tiles choose_tiles(const Shape& shape, const Scheme& scheme);

// The columns of zeros at both sides of an image, and the rows that a strip's windows meet: `rows` of them from `above`
// on, which counts from the first row of the strip's first window.
struct Frame {
  int left = 0, right = 0, above = 0, rows = 0;
};
Frame frame_of(const Shape& shape, const Tiles& tiles);

// All that the code of a layer is made from.
struct Work {
  Work(const Layer& layer, const Scheme& scheme);

  Layer layer;
  Shape shape;
  Tiles tiles;
  Frame frame;
  std::vector<ir::Value> inputs, outputs;

  int last_lanes() const { return (shape.outputs - 1) % tiles.lanes + 1; } // of the last vector of outputs
  int strip_count() const;
  int64_t strip_elements() const; // of one state, of all images of a task
  int64_t result_elements() const { return int64_t{1} * shape.out_height * shape.out_width * shape.outputs; }
};

} // namespace rvb::layerkernels
