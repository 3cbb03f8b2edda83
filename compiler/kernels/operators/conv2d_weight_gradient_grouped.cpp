// conv2d_weight_gradient with groups: dw[j, g, k, kx, ky] = sum over pixels and images of
// padded[k, g, x sx + kx dx, y sy + ky dy, n] upstream[j, g, x, y, n].
//
// The order of summation is fixed, as in conv2d_weight_gradient.cpp: pixels of a strip of rows, strips and images of
// one of `parts` runs, runs.
#include "kernels/grouped.h"

#include <algorithm>

namespace rvb::kernels {

namespace {

using namespace Halide;

class GroupedWeightGradient : public Kernel {
public:
  using Kernel::Kernel;

  Interface views() const override {
    const int64_t groups = op.integer("groups");
    return {{grouped_view(call.operand(0), groups), grouped_view(call.operand(1), groups)},
            {grouped_weights(call.result(), groups)}};
  }

  void algorithm() override {
    const ir::Type w = call.result();
    c.groups = static_cast<int>(op.integer("groups"));
    c.sizes = sizes_of(op, call.operand(0), call.operand(1), w.dims[0], w.dims[1]);
    c.sizes.in /= c.groups;
    c.sizes.out /= c.groups;
    c.choose(target);
    const Sizes& s = c.sizes;
    copies = c.pad(padded, {k, g, x, y, n}, [&](const std::vector<Expr>& at) { return inputs[0](at); });
    // Vectors that reach beyond the channels are not stored.
    const bool more = (c.across ? c.groups : s.out) % c.lanes != 0;
    upstream(j, g, x, y, n) = inputs[1](more && !c.across ? clamp(j, 0, s.out - 1) : Expr(j),
                                        more && c.across ? clamp(g, 0, c.groups - 1) : Expr(g), x, y, n);
    upstream_copies = more || (c.across && s.out > 1);

    const Expr images = inputs[0].dim(4).extent(), length = (images + parts - 1) / parts;
    const int rows = rows_of_strip();
    pixels = RDom({{0, s.out_width}, {0, rows}}, "pixels");
    const Expr row = strip * rows + pixels.y;
    strip_sum(j, g, k, kx, ky, strip, n) = 0.0f;
    strip_sum(j, g, k, kx, ky, strip, n) +=
        padded(k, g, pixels.x * s.stride_x + kx * s.tap_x, row * s.stride_y + ky * s.tap_y, n) *
        upstream(j, g, pixels.x, row, n);
    run = RDom({{0, s.out_height / rows}, {0, length}}, "run");
    const Expr image = part * length + run.y;
    run.where(image < images);
    part_sum(j, g, k, kx, ky, part) = 0.0f;
    part_sum(j, g, k, kx, ky, part) += strip_sum(j, g, k, kx, ky, run.x, min(image, images - 1));
    all = RDom({{0, parts}}, "all");
    total(j, g, k, kx, ky) = 0.0f;
    total(j, g, k, kx, ky) += part_sum(j, g, k, kx, ky, all.x);
    define("conv2d_weight_gradient")(j, g, k, kx, ky) = total(j, g, k, kx, ky);
  }

  // A task: some groups and a run of images, whose frames it copies one by one. A block of taps and channels is summed
  // over the pixels of a strip in registers.
  void schedule() override {
    const Sizes& s = c.sizes;
    const Var &v = c.across ? g : j, vi("vi"), vo("vo"), go("go"), task("task"), kyo("kyo"), kyi("kyi"), ko("ko"),
              ki("ki"), jo("jo"), ji("ji"), kxo("kxo"), kxi("kxi");
    Blocks b = choose();
    Stage update = part_sum.update();
    part_sum.compute_root().parallel(part);
    update.split(kx, kxo, kxi, b.kx, TailStrategy::GuardWithIf).split(ky, kyo, kyi, b.ky, TailStrategy::GuardWithIf);
    update.split(k, ko, ki, b.k, TailStrategy::GuardWithIf);
    if (c.across) {
      part_sum.reorder_storage(g, j, k, kx, ky, part).vectorize(g, c.lanes, TailStrategy::GuardWithIf);
      update.split(g, go, vi, c.lanes, TailStrategy::GuardWithIf)
          .split(j, jo, ji, b.j, TailStrategy::GuardWithIf)
          .reorder(vi, ji, ki, kxi, kyi, kxo, kyo, jo, ko, run.x, run.y, go, part)
          .unroll(ji);
    } else {
      part_sum.vectorize(j, c.lanes, TailStrategy::GuardWithIf);
      update.split(j, vo, vi, c.lanes, TailStrategy::GuardWithIf)
          .split(g, go, g, c.groups_of_task(), TailStrategy::GuardWithIf)
          .reorder(vi, ki, kxi, kyi, kxo, kyo, vo, ko, g, run.x, run.y, go, part);
    }
    update.vectorize(vi).unroll(ki).unroll(kxi).unroll(kyi).fuse(go, part, task).parallel(task);
    strip_sum.compute_at(part_sum, kxo).bound_extent(v, c.lanes).vectorize(v).unroll(k).unroll(kx).unroll(ky);
    Stage inner = strip_sum.update();
    inner.reorder(v, k, kx, ky, pixels.x, pixels.y).vectorize(v).unroll(k).unroll(kx).unroll(ky);
    if (c.across) {
      strip_sum.reorder_storage(g, j, k, kx, ky, strip, n).unroll(j);
      inner.reorder(g, j, k, kx, ky, pixels.x, pixels.y).unroll(j);
    }
    if (copies) {
      padded.compute_at(part_sum, run.y);
      c.schedule_copy(padded, {k, g, x, y, n}, target);
    }
    if (upstream_copies) {
      upstream.compute_at(part_sum, run.y).vectorize(v, c.lanes, TailStrategy::GuardWithIf);
      if (c.across)
        upstream.reorder_storage(g, j, x, y, n);
    }
    output().vectorize(c.across && s.out == 1 ? g : j, c.across && s.out > 1 ? 1 : c.lanes, TailStrategy::ShiftInwards);
    output().parallel(ky);
  }

private:
  struct Blocks {
    int j = 1, k = 1, kx = 1, ky = 1;
  };

  static int divisor(int number, int most) {
    int best = 1;
    for (int d = 2; d <= number && d <= most; ++d)
      if (number % d == 0)
        best = d;
    return best;
  }

  // Three quarters of the registers accumulate.
  Blocks choose() const {
    const Sizes& s = c.sizes;
    int room = target.vector_registers * 3 / 4;
    Blocks b;
    b.kx = divisor(s.kernel_x, room);
    room /= b.kx;
    if (c.across) {
      b.j = divisor(s.out, std::min(4, room));
      room /= b.j;
    }
    b.k = divisor(s.in, std::min(8, room));
    room /= b.k;
    b.ky = divisor(s.kernel_y, room);
    return b;
  }

  // At most 1024 pixels are summed in a row, where rows are no longer.
  int rows_of_strip() const { return divisor(c.sizes.out_height, std::max(1, 1024 / c.sizes.out_width)); }

  static constexpr int parts = 8;
  Grouped c;
  Var j{"j"}, g{"g"}, k{"k"}, x{"x"}, y{"y"}, n{"n"}, kx{"kx"}, ky{"ky"}, part{"part"}, strip{"strip"};
  Func padded{"padded"}, upstream{"upstream"}, strip_sum{"strip_sum"}, part_sum{"part_sum"}, total{"total"};
  RDom pixels, run, all;
  bool copies = false, upstream_copies = false;
};

} // namespace

std::unique_ptr<Kernel> make_grouped_weight_gradient(const Call& call) {
  return make<GroupedWeightGradient>(call);
}

} // namespace rvb::kernels
