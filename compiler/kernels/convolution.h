// What the three convolutions share: their sizes, the padded copy of an image, and the loops of a correlation.
#pragma once

#include "kernels/kernel.h"
#include "kernels/tile.h"

#include <functional>

namespace rvb::kernels {

// A correlation of images [in, W, H] with [out, in, Kw, Kh] into [out, Wo, Ho].
struct Sizes {
  int width = 0, height = 0, in = 0;
  int out_width = 0, out_height = 0, out = 0;
  int kernel_x = 1, kernel_y = 1;
  int pad_x = 0, pad_y = 0;
  int stride_x = 1, stride_y = 1;
  // The image is read as if its pixels stood `dilation` apart, zeros between them (input gradients of strides).
  int dilation_x = 1, dilation_y = 1;
  int tap_x = 1, tap_y = 1; // pixels from one tap to the next

  int64_t multiply_adds() const { return int64_t{1} * out_width * out_height * out * in * kernel_x * kernel_y; }
  int span_x() const { return (kernel_x - 1) * tap_x + 1; } // pixels that a window covers
  int span_y() const { return (kernel_y - 1) * tap_y + 1; }
  bool pads() const { return pad_x != 0 || pad_y != 0 || dilation_x != 1 || dilation_y != 1; }
};

// Sizes of conv2d and binary_conv2d as OPERATORS.md defines them.
Sizes sizes_of(const ir::Op& op, const ir::Type& image, const ir::Type& result, int64_t kernel_y, int64_t kernel_x);

// Sizes of the correlation that an input gradient is: of the upstream gradient with the turned kernel.
Sizes backwards(const Sizes& forward);

// Pixel (x, y) of an image in its frame: where it lies in the image (held inside), and whether it does.
struct Framed {
  Halide::Expr x, y, inside;
};
Framed in_frame(const Sizes& sizes, const Halide::Expr& x, const Halide::Expr& y);

struct Correlation {
  Sizes sizes;
  Halide::Var j{"j"}, k{"k"}, x{"x"}, y{"y"}, n{"n"};
  Halide::Func padded{"padded"}; // (k, x, y, n): the image in a frame of zeros
  Halide::Func sum{"sum"};       // (j, x, y, n)
  Halide::RDom r;                // k, kernel_x, kernel_y

  // padded, from an image (k, x, y, n); with `more_channels`, channels past the last are 0.
  void pad(const std::function<Halide::Expr(Halide::Expr, Halide::Expr, Halide::Expr, Halide::Expr)>& image,
           bool more_channels = false);
  // `output`(j, x, y, n) and its sum; weights are weight(j, k, kx, ky).
  void correlate(Halide::Func& output,
                 const std::function<Halide::Expr(Halide::Expr, Halide::Expr, Halide::Expr, Halide::Expr)>& weight);
  // All loops; or all but those of the sum's update.
  void schedule(Halide::Func& output, const Target& target);
  void schedule_tiles(Halide::Func& output, const Target& target);
  Tile tile; // set by the schedule

  bool copies = false; // padded is more than a name of the image
};

} // namespace rvb::kernels
