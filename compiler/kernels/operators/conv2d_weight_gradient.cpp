// conv2d_weight_gradient: dw[o, i, kx, ky] = sum over pixels and images of padded[i, x sx + kx, y sy + ky, n] g[o, x,
// y, n].
//
// The order of summation is fixed: the images are cut into `parts` runs of equal length, whatever the threads; each run
// sums its images strip by strip, one after the other, and the runs are summed in order.
#include "kernels/convolution.h"

#include <algorithm>

namespace rvb::kernels {

namespace {

using namespace Halide;

class Conv2dWeightGradient : public Kernel {
public:
  using Kernel::Kernel;

  Interface views() const override {
    return {{image_view(call.operand(0)), image_view(call.operand(1))}, {weight_view(call.result())}};
  }

  void algorithm() override {
    ir::Type weights = call.result();
    c.sizes = sizes_of(op, call.operand(0), call.operand(1), weights.dims[0], weights.dims[1]);
    const Sizes& s = c.sizes;
    define("conv2d_weight_gradient");
    // Blocks that do not divide the channels are filled with zeros in the copies.
    tile = choose();
    c.pad([&](Expr k, Expr x, Expr y, Expr n) { return inputs[0](k, x, y, n); }, s.in % tile.x != 0);
    if (s.out % tile.outputs() != 0)
      upstream(o, x, y, n) = select(likely(o < s.out), inputs[1](clamp(o, 0, s.out - 1), x, y, n), 0.0f);
    else
      upstream(o, x, y, n) = inputs[1](o, x, y, n);

    // More runs use more cores, and need as many copies of the gradient: 4 to 16 of them in about 8 MB.
    int64_t bytes = int64_t{4} * s.out * s.in * s.kernel_x * s.kernel_y;
    parts = static_cast<int>(std::clamp<int64_t>((int64_t{8} << 20) / bytes, 4, 16));
    Expr images = inputs[0].dim(3).extent();
    Expr length = (images + parts - 1) / parts;

    rows = rows_of_strip();
    pixels = RDom({{0, s.out_width}, {0, rows}}, "pixels");
    Expr row = strip * rows + pixels.y;
    strip_sum(o, i, kx, ky, strip, n) = 0.0f;
    strip_sum(o, i, kx, ky, strip, n) +=
        c.padded(i, pixels.x * s.stride_x + kx * s.tap_x, row * s.stride_y + ky * s.tap_y, n) *
        upstream(o, pixels.x, row, n);
    run = RDom({{0, s.out_height / rows}, {0, length}}, "run");
    Expr image = part * length + run.y;
    run.where(image < images);
    part_sum(o, i, kx, ky, part) = 0.0f;
    part_sum(o, i, kx, ky, part) += strip_sum(o, i, kx, ky, run.x, min(image, images - 1));
    all = RDom({{0, parts}}, "all");
    total(o, i, kx, ky) = 0.0f;
    total(o, i, kx, ky) += part_sum(o, i, kx, ky, all.x);
    output()(o, i, kx, ky) = total(o, i, kx, ky);
  }

  // A block of input channels by two or four vectors of output channels is summed over the pixels of a strip in
  // registers, for all taps one after the other.
  void schedule() override {
    const Sizes& s = c.sizes;
    Var oo("oo"), oi("oi"), io("io"), ii("ii");
    part_sum.compute_root().parallel(part).vectorize(o, tile.lanes, TailStrategy::GuardWithIf);
    Stage update = part_sum.update();
    update.split(o, oo, oi, tile.outputs(), TailStrategy::GuardWithIf)
        .split(i, io, ii, tile.x, TailStrategy::GuardWithIf)
        .reorder(oi, ii, kx, ky, io, oo, run.x, run.y, part)
        .vectorize(oi, tile.lanes)
        .unroll(oi)
        .unroll(ii)
        .parallel(part);
    strip_sum.compute_at(part_sum, kx)
        .bound_extent(i, tile.x)
        .bound_extent(o, tile.outputs())
        .vectorize(o, tile.lanes)
        .unroll(o)
        .unroll(i);
    strip_sum.update().reorder(o, i, kx, ky, pixels.x, pixels.y).vectorize(o, tile.lanes).unroll(o).unroll(i);
    if (c.copies) {
      c.padded.compute_at(part_sum, run.x);
      int lanes = lanes_for(target, s.in);
      if (lanes > 1)
        c.padded.vectorize(c.k, lanes, TailStrategy::GuardWithIf);
    }
    if (s.out % tile.outputs() != 0)
      upstream.compute_at(part_sum, run.y).vectorize(o, tile.lanes, TailStrategy::RoundUp);
    int lanes = lanes_for(target, s.out);
    output().vectorize(o, lanes, TailStrategy::ShiftInwards).parallel(ky).parallel(kx);
    total.compute_at(output(), o).vectorize(o, lanes);
    total.update().reorder(o, all.x).vectorize(o, lanes);
  }

private:
  // Six input channels by four vectors of outputs load less for a multiply-add than eight by two do, where the
  // registers and the outputs suffice (64->64@32: 10.6 ms and 11.4, at 8.4 for the peak).
  Tile choose() const {
    Tile t = choose_tile(target, c.sizes.in, 1, c.sizes.out);
    constexpr int channels = 6, vectors = 4;
    if (target.vector_registers >= 32 && c.sizes.in >= channels && c.sizes.out % (vectors * t.lanes) == 0) {
      t.x = channels;
      t.vectors = vectors;
    }
    return t;
  }

  // Rows of the image, a divisor of the height, of which a tile's gradients and pixels (a cache line or more each) stay
  // in the L2 cache while all taps and input channels pass.
  int rows_of_strip() const {
    constexpr int64_t l2 = 96 << 10, line = 64;
    int64_t row_bytes = c.sizes.out_width * (line + int64_t{4} * tile.outputs());
    int best = 1;
    for (int r = 1; r <= c.sizes.out_height; ++r)
      if (c.sizes.out_height % r == 0 && r * row_bytes <= l2)
        best = r;
    return best;
  }

  Correlation c;
  Tile tile;
  int parts = 1, rows = 1;
  Var o{"o"}, i{"i"}, x{"x"}, y{"y"}, kx{"kx"}, ky{"ky"}, n{"n"}, part{"part"}, strip{"strip"};
  Func upstream{"upstream"}, strip_sum{"strip_sum"}, part_sum{"part_sum"}, total{"total"};
  RDom pixels, run, all;
};

} // namespace

std::unique_ptr<Kernel> make_conv2d_weight_gradient_small(const Call& call); // conv2d_weight_gradient_small.cpp
std::unique_ptr<Kernel> make_grouped_weight_gradient(const Call& call);      // conv2d_weight_gradient_grouped.cpp

// The sums of one image are added to all weights in memory, which takes about as long as the multiply-adds of 64
// pixels; the other kernel copies images, which pays when many taps read them. Measured on ResNet20's layers (Zen 5,
// batch 32, milliseconds here and there): 512@2 24 and 1.4, 256@4 2.9 and 1.8, 128@8 2.9 and 2.6; with stride 2
// 128->256@8 1.5 and 1.6; with one tap 64->128@8 0.14 and 0.28.
std::unique_ptr<Kernel> make_conv2d_weight_gradient(const Call& call) {
  if (call.op.integer("groups") > 1)
    return make_grouped_weight_gradient(call);
  ir::Type gradient = call.operand(1);
  int64_t pixels = gradient.dims[gradient.rank() - 3] * gradient.dims[gradient.rank() - 2];
  int64_t taps = call.result().dims[0] * call.result().dims[1];
  bool copies_for_little = taps == 1 || call.op.integers("stride") != std::vector<int64_t>{1, 1};
  if (pixels <= (copies_for_little ? 16 : 64))
    return make_conv2d_weight_gradient_small(call);
  return make<Conv2dWeightGradient>(call);
}

} // namespace rvb::kernels
