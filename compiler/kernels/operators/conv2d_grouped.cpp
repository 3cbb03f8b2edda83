// conv2d, its input gradient and binary_conv2d with groups: out[j, g, x, y, n] = sum over k, kx, ky of
// padded[k, g, x sx + kx dx, y sy + ky dy, n] w[j, g, k, kx, ky], which is conv2d of every group by itself.
#include "kernels/grouped.h"

#include <algorithm>

namespace rvb::kernels {

namespace {

using namespace Halide;

class GroupedCorrelation : public Kernel {
public:
  using Kernel::Kernel;

  Interface views() const override {
    const int64_t groups = op.integer("groups");
    return {{grouped_view(call.operand(0), groups), grouped_weights(call.operand(1), groups)},
            {grouped_view(call.result(), groups)}};
  }

  // A task copies the frame of some groups, and then sums tiles of pixels over channels and taps in registers.
  void schedule() override {
    const Sizes& s = c.sizes;
    const Var &v = c.across ? g : j, vi("vi"), vo("vo"), gi("gi"), xi("xi"), yi("yi"), xo("xo"), yo("yo"),
              strip("strip"), task("task");
    const Tile tile = choose();
    Func& out = output();
    out.split(v, vo, vi, tile.outputs(), TailStrategy::ShiftInwards)
        .split(y, strip, y, c.rows_of_task(tile.y), TailStrategy::ShiftInwards)
        .split(x, xo, xi, tile.x, TailStrategy::ShiftInwards)
        .split(y, yo, yi, tile.y, TailStrategy::ShiftInwards);
    if (c.across) {
      out.reorder(vi, j, xi, yi, xo, yo, vo, strip, n).unroll(j).fuse(vo, strip, task);
    } else {
      out.split(g, g, gi, c.groups_of_task(), TailStrategy::ShiftInwards);
      out.reorder(vi, xi, yi, xo, yo, vo, gi, g, strip, n).fuse(g, strip, task);
    }
    out.vectorize(vi, tile.lanes).unroll(vi).unroll(xi).unroll(yi).fuse(task, n, task).parallel(task);
    sum.compute_at(out, xo).vectorize(v, tile.lanes).unroll(x).unroll(y);
    Stage update = sum.update();
    if (c.across) {
      sum.reorder_storage(g, j, x, y, n).unroll(j).unroll(g);
      update.reorder(g, j, x, y, r.x, r.y, r.z).vectorize(g, tile.lanes).unroll(g).unroll(j);
    } else {
      sum.unroll(j);
      update.reorder(j, g, x, y, r.x, r.y, r.z).vectorize(j, tile.lanes).unroll(j);
    }
    update.unroll(x).unroll(y).unroll(r.x, unroll_for(s.in));
    constexpr int most_taps = 16; // of a row: as in Correlation
    if (s.in < 4 && s.kernel_x <= most_taps)
      update.unroll(r.y);
    if (copies) {
      padded.compute_at(out, task);
      c.schedule_copy(padded, {k, g, x, y, n}, target);
    }
    schedule_weights();
  }

protected:
  // Sizes are those of all channels.
  void group(const Sizes& sizes) {
    c.sizes = sizes;
    c.groups = static_cast<int>(op.integer("groups"));
    c.sizes.in /= c.groups;
    c.sizes.out /= c.groups;
    c.choose(target);
  }

  // `term` of the pixel and (j, g, k, kx, ky).
  void correlate(const std::string& name, const std::function<Expr(Expr)>& spike,
                 const std::function<Expr(const Expr&, const std::vector<Expr>&)>& term) {
    const Sizes& s = c.sizes;
    copies = c.pad(padded, {k, g, x, y, n}, [&](const std::vector<Expr>& at) { return spike(inputs[0](at)); });
    r = RDom({{0, s.in}, {0, s.kernel_x}, {0, s.kernel_y}}, "r");
    const Expr pixel = padded(r.x, g, x * s.stride_x + r.y * s.tap_x, y * s.stride_y + r.z * s.tap_y, n);
    sum(j, g, x, y, n) = cast(pixel.type(), 0);
    sum(j, g, x, y, n) += term(pixel, {j, g, r.x, r.y, r.z});
    define(name)(j, g, x, y, n) = sum(j, g, x, y, n);
  }

  virtual void schedule_weights() {
    if (!c.one_by_one())
      c.schedule_weights(weights, {j, g, k, kx, ky});
  }

  Grouped c;
  Var j{"j"}, g{"g"}, k{"k"}, x{"x"}, y{"y"}, n{"n"}, kx{"kx"}, ky{"ky"};
  Func padded{"padded"}, sum{"sum"}, weights{"weights"}; // (j, g, k, kx, ky)
  RDom r;
  bool copies = false;

private:
  // Vectors over groups have an accumulator for every output of a group.
  Tile choose() const {
    if (!c.across)
      return choose_tile(target, c.sizes.out_width, c.sizes.out_height, c.sizes.out);
    kernels::Target shared = target;
    shared.vector_registers = std::max(2, target.vector_registers / c.sizes.out);
    Tile tile = choose_tile(shared, c.sizes.out_width, c.sizes.out_height, c.lanes);
    tile.lanes = c.lanes;
    tile.vectors = 1;
    return tile;
  }
};

Expr as_it_is(Expr spike) {
  return spike;
}

class GroupedConv2d : public GroupedCorrelation {
public:
  using GroupedCorrelation::GroupedCorrelation;

  void algorithm() override {
    ir::Type w = call.operand(1);
    group(sizes_of(op, call.operand(0), call.result(), w.dims[0], w.dims[1]));
    weights(j, g, k, kx, ky) = inputs[1](j, g, k, kx, ky);
    correlate("conv2d", as_it_is, [&](const Expr& pixel, const std::vector<Expr>& at) { return pixel * weights(at); });
  }
};

// Of a group: as conv2d_input_gradient.cpp.
class GroupedInputGradient : public GroupedCorrelation {
public:
  using GroupedCorrelation::GroupedCorrelation;

  void algorithm() override {
    ir::Type w = call.operand(1);
    group(backwards(sizes_of(op, call.result(), call.operand(0), w.dims[0], w.dims[1])));
    const Sizes& s = c.sizes;
    weights(j, g, k, kx, ky) = inputs[1](k, g, j, s.kernel_x - 1 - kx, s.kernel_y - 1 - ky);
    correlate("conv2d_input_gradient", as_it_is,
              [&](const Expr& pixel, const std::vector<Expr>& at) { return pixel * weights(at); });
  }

protected:
  void schedule_weights() override {
    if (c.one_by_one())
      return;
    weights.compute_root();
    c.schedule_weights(weights, {j, g, k, kx, ky});
  }
};

// Signs: bit o % 32 of word [tap, k, o / 32] of output o. They become words that flip the spike's sign by an exclusive
// or: the top bit, or of integers all bits, plus one.
class GroupedBinaryConv2d : public GroupedCorrelation {
public:
  using GroupedCorrelation::GroupedCorrelation;

  Interface views() const override {
    const int64_t groups = op.integer("groups");
    return {{grouped_view(call.operand(0), groups), weight_view(call.operand(1))},
            {grouped_view(call.result(), groups)}};
  }

  void algorithm() override {
    const std::vector<int64_t> kernel = op.integers("kernel");
    group(sizes_of(op, call.operand(0), call.result(), kernel[0], kernel[1]));
    const bool real = call.operand(0).element == ir::Element::f32;
    const int outputs = c.sizes.out;
    const Expr bit = cast<uint32_t>(1) << cast<uint32_t>(o % 32);
    flip(o, k, tap) =
        select((inputs[1](o / 32, k, tap) & bit) == 0,
               cast<uint32_t>(Expr(real ? uint32_t{0x80000000} : uint32_t{0xffffffff})), cast<uint32_t>(0));
    weights(j, g, k, kx, ky) = flip(g * outputs + j, k, ky * c.sizes.kernel_x + kx);
    correlate(
        "binary_conv2d", [&](const Expr& spike) { return real ? spike : cast<int32_t>(spike); },
        [&](const Expr& pixel, const std::vector<Expr>& at) -> Expr {
          if (real)
            return reinterpret<float>(reinterpret<uint32_t>(pixel) ^ weights(at));
          const Expr minus = reinterpret<int32_t>(weights(at));
          return (pixel ^ minus) - minus;
        });
  }

protected:
  // A word's 32 bits at once: which bit is whose is known then, and nothing is shifted.
  void schedule_weights() override {
    flip.compute_root().split(o, o, bit, 32, TailStrategy::RoundUp).vectorize(bit);
    if (c.sizes.out > 1)
      c.schedule_weights(weights, {j, g, k, kx, ky});
  }

private:
  Var o{"o"}, bit{"bit"}, tap{"tap"};
  Func flip{"flip"};
};

} // namespace

std::unique_ptr<Kernel> make_grouped_conv2d(const Call& call) {
  return make<GroupedConv2d>(call);
}
std::unique_ptr<Kernel> make_grouped_input_gradient(const Call& call) {
  return make<GroupedInputGradient>(call);
}
std::unique_ptr<Kernel> make_grouped_binary_conv2d(const Call& call) {
  return make<GroupedBinaryConv2d>(call);
}

} // namespace rvb::kernels
