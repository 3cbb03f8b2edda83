// conv2d_weight_gradient of small images (the deep layers, whose weights outweigh their images): every weight is summed
// over all images at once and written once.
//
// dw[o, i, kx, ky] = sum over y, x, n of image[i, n, x sx + kx - px, y sy + ky - py] upstream[o, n, x, y], where the
// pixel lies inside the image: border taps are left out, not multiplied by zero. The order of summation is that of
// these loops, whatever the threads.
#include "kernels/convolution.h"

#include <algorithm>

namespace rvb::kernels {

namespace {

using namespace Halide;

class Conv2dWeightGradientSmall : public Kernel {
public:
  using Kernel::Kernel;

  Interface views() const override {
    return {{image_view(call.operand(0)), image_view(call.operand(1))}, {weight_view(call.result())}};
  }

  void algorithm() override {
    ir::Type weights = call.result();
    s = sizes_of(op, call.operand(0), call.operand(1), weights.dims[0], weights.dims[1]);
    define("conv2d_weight_gradient");
    // Copies in which the images of a batch are neighbours.
    image(i, n, x, y) = inputs[0](i, x, y, n);
    upstream(o, n, x, y) = inputs[1](o, x, y, n);
    r = RDom({{0, inputs[0].dim(3).extent()}, {0, s.out_width}, {0, s.out_height}}, "r");
    Expr column = r.y * s.stride_x + kx * s.tap_x - s.pad_x, row = r.z * s.stride_y + ky * s.tap_y - s.pad_y;
    if (s.pads()) {
      r.where(column >= 0 && column < s.width && row >= 0 && row < s.height);
      column = unsafe_promise_clamped(column, 0, s.width - 1);
      row = unsafe_promise_clamped(row, 0, s.height - 1);
    }
    sum(o, i, kx, ky) = 0.0f;
    sum(o, i, kx, ky) += image(i, r.x, column, row) * upstream(o, r.x, r.y, r.z);
    output()(o, i, kx, ky) = sum(o, i, kx, ky);
  }

  // A task: a block of output channels, whose gradients it copies (they stay in the L2 cache), by some blocks of input
  // channels. A block of input channels is copied once for all taps (it stays in the L1 or L2 cache); the sums of input
  // channels by two vectors of outputs stay in registers while pixels and images pass.
  void schedule() override {
    Var oo("oo"), oi("oi"), it("it"), ii("ii"), ic("ic"), task("task");
    Tile tile = choose_tile(target, s.in, 1, s.out);
    int tiles = (s.in + tile.x - 1) / tile.x, blocks = (s.out + tile.outputs() - 1) / tile.outputs();
    // Sixteen tasks, if each has at least four tiles to share its copy.
    constexpr int tasks = 16, least_tiles = 4;
    int groups = std::clamp(tasks / blocks, 1, std::max(1, tiles / least_tiles));
    output()
        .split(o, oo, oi, tile.outputs(), TailStrategy::ShiftInwards)
        .split(i, it, ii, tile.x, TailStrategy::ShiftInwards)
        .split(it, ic, it, (tiles + groups - 1) / groups, TailStrategy::GuardWithIf)
        .reorder(oi, ii, kx, ky, it, ic, oo)
        .fuse(ic, oo, task)
        .parallel(task)
        .vectorize(oi, tile.lanes)
        .unroll(oi)
        .unroll(ii);
    upstream.compute_at(output(), task).bound_extent(o, tile.outputs()).vectorize(o, tile.lanes).unroll(o);
    upstream.reorder(o, x, y, n);
    if (s.kernel_x * s.kernel_y > 1) { // one tap alone does not pay for a copy
      int lanes = 1;
      while (tile.x % (2 * lanes) == 0 && 2 * lanes <= vec)
        lanes *= 2;
      image.compute_at(output(), it).bound_extent(i, tile.x).vectorize(i, lanes).unroll(i);
      image.reorder(i, x, y, n);
    }
    sum.compute_at(output(), kx)
        .bound_extent(o, tile.outputs())
        .bound_extent(i, tile.x)
        .vectorize(o, tile.lanes)
        .unroll(o)
        .unroll(i);
    sum.update().reorder(o, i, r.x, r.y, r.z, kx, ky).vectorize(o, tile.lanes).unroll(o).unroll(i);
  }

private:
  Sizes s;
  Var o{"o"}, i{"i"}, x{"x"}, y{"y"}, kx{"kx"}, ky{"ky"}, n{"n"};
  Func image{"image"}, upstream{"upstream"}, sum{"sum"};
  RDom r;
};

} // namespace

std::unique_ptr<Kernel> make_conv2d_weight_gradient_small(const Call& call) {
  return make<Conv2dWeightGradientSmall>(call);
}

} // namespace rvb::kernels
