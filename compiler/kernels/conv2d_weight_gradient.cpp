// conv2d_weight_gradient: dw[o, i, kx, ky] = sum over pixels and images of padded[i, x sx + kx, y sy + ky, n] g[o, x,
// y, n].
//
// The order of summation is fixed: the images are cut into `parts` runs of equal length, whatever the threads; each run
// sums its images one after the other, and the runs are summed in order.
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
    tile = choose_tile(target, s.in, 1, s.out);
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

    pixels = RDom({{0, s.out_width}, {0, s.out_height}}, "pixels");
    image_sum(o, i, kx, ky, n) = 0.0f;
    image_sum(o, i, kx, ky, n) +=
        c.padded(i, pixels.x * s.stride_x + kx, pixels.y * s.stride_y + ky, n) * upstream(o, pixels.x, pixels.y, n);
    run = RDom({{0, length}}, "run");
    Expr image = part * length + run.x;
    run.where(image < images);
    part_sum(o, i, kx, ky, part) = 0.0f;
    part_sum(o, i, kx, ky, part) += image_sum(o, i, kx, ky, min(image, images - 1));
    all = RDom({{0, parts}}, "all");
    total(o, i, kx, ky) = 0.0f;
    total(o, i, kx, ky) += part_sum(o, i, kx, ky, all.x);
    output()(o, i, kx, ky) = total(o, i, kx, ky);
  }

  // A block of input channels (or of neighbouring taps when there are few channels) by two vectors of output channels
  // is summed over the pixels of an image in registers.
  void schedule() override {
    const Sizes& s = c.sizes;
    Var oo("oo"), oi("oi"), io("io"), ii("ii");
    part_sum.compute_root().parallel(part).vectorize(o, tile.lanes, TailStrategy::GuardWithIf);
    Stage update = part_sum.update();
    update.split(o, oo, oi, tile.outputs(), TailStrategy::GuardWithIf)
        .split(i, io, ii, tile.x, TailStrategy::GuardWithIf)
        .reorder(oi, ii, io, kx, ky, oo, run.x, part)
        .vectorize(oi, tile.lanes)
        .unroll(oi)
        .unroll(ii)
        .parallel(part);
    image_sum.compute_at(part_sum, io)
        .bound_extent(i, tile.x)
        .bound_extent(o, tile.outputs())
        .vectorize(o, tile.lanes)
        .unroll(o)
        .unroll(i);
    image_sum.update().reorder(o, i, kx, ky, pixels.x, pixels.y).vectorize(o, tile.lanes).unroll(o).unroll(i);
    if (c.copies) {
      c.padded.compute_at(part_sum, run.x);
      int lanes = lanes_for(target, s.in);
      if (lanes > 1)
        c.padded.vectorize(c.k, lanes, TailStrategy::GuardWithIf);
    }
    if (s.out % tile.outputs() != 0)
      upstream.compute_at(part_sum, run.x).vectorize(o, tile.lanes, TailStrategy::RoundUp);
    int lanes = lanes_for(target, s.out);
    output().vectorize(o, lanes, TailStrategy::ShiftInwards).parallel(ky).parallel(kx);
    total.compute_at(output(), o).vectorize(o, lanes);
    total.update().reorder(o, all.x).vectorize(o, lanes);
  }

private:
  Correlation c;
  Tile tile;
  int parts = 1;
  Var o{"o"}, i{"i"}, x{"x"}, y{"y"}, kx{"kx"}, ky{"ky"}, n{"n"}, part{"part"};
  Func upstream{"upstream"}, image_sum{"image_sum"}, part_sum{"part_sum"}, total{"total"};
  RDom pixels, run, all;
};

} // namespace

std::unique_ptr<Kernel> make_conv2d_weight_gradient_small(const Call& call); // conv2d_weight_gradient_small.cpp

// The sums of one image are added to all weights in memory, which takes about as long as the multiply-adds of 64
// pixels; the other kernel copies images, which pays when many taps read them. Measured on ResNet20's layers (Zen 5,
// batch 32, milliseconds here and there): 512@2 24 and 1.4, 256@4 2.9 and 1.8, 128@8 2.9 and 2.6; with stride 2
// 128->256@8 1.5 and 1.6; with one tap 64->128@8 0.14 and 0.28.
std::unique_ptr<Kernel> make_conv2d_weight_gradient(const Call& call) {
  ir::Type gradient = call.operand(1);
  int64_t pixels = gradient.dims[gradient.rank() - 3] * gradient.dims[gradient.rank() - 2];
  int64_t taps = call.result().dims[0] * call.result().dims[1];
  bool copies_for_little = taps == 1 || call.op.integers("stride") != std::vector<int64_t>{1, 1};
  if (pixels <= (copies_for_little ? 16 : 64))
    return make_conv2d_weight_gradient_small(call);
  return make<Conv2dWeightGradient>(call);
}

} // namespace rvb::kernels
