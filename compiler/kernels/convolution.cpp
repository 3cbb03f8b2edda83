#include "kernels/convolution.h"

#include <algorithm>

namespace rvb::kernels {

using namespace Halide;

Sizes sizes_of(const ir::Op& op, const ir::Type& image, const ir::Type& result, int64_t kernel_y, int64_t kernel_x) {
  Sizes s;
  auto dim = [](const ir::Type& type, int from_end) { return static_cast<int>(type.dims[type.rank() - from_end]); };
  s.height = dim(image, 3);
  s.width = dim(image, 2);
  s.in = dim(image, 1);
  s.out_height = dim(result, 3);
  s.out_width = dim(result, 2);
  s.out = dim(result, 1);
  s.kernel_y = static_cast<int>(kernel_y);
  s.kernel_x = static_cast<int>(kernel_x);
  std::vector<int64_t> pad = op.integers("pad"), stride = op.integers("stride"), taps = op.integers("dilation");
  if (pad.size() == 2) {
    s.pad_y = static_cast<int>(pad[0]);
    s.pad_x = static_cast<int>(pad[1]);
  }
  if (stride.size() == 2) {
    s.stride_y = static_cast<int>(stride[0]);
    s.stride_x = static_cast<int>(stride[1]);
  }
  if (taps.size() == 2) {
    s.tap_y = static_cast<int>(taps[0]);
    s.tap_x = static_cast<int>(taps[1]);
  }
  return s;
}

Framed in_frame(const Sizes& sizes, const Expr& x, const Expr& y) {
  Expr xi = x - sizes.pad_x, yi = y - sizes.pad_y;
  int dx = sizes.dilation_x, dy = sizes.dilation_y;
  Expr inside = xi >= 0 && xi <= (sizes.width - 1) * dx && yi >= 0 && yi <= (sizes.height - 1) * dy;
  if (dx != 1)
    inside = inside && xi % dx == 0;
  if (dy != 1)
    inside = inside && yi % dy == 0;
  return {clamp(xi / dx, 0, sizes.width - 1), clamp(yi / dy, 0, sizes.height - 1), inside};
}

Sizes backwards(const Sizes& forward) {
  Sizes s = forward;
  std::swap(s.width, s.out_width);
  std::swap(s.height, s.out_height);
  std::swap(s.in, s.out);
  s.pad_x = s.span_x() - 1 - forward.pad_x; // negative when the frame was wider than the kernel: pixels are left out
  s.pad_y = s.span_y() - 1 - forward.pad_y;
  s.dilation_x = forward.stride_x;
  s.dilation_y = forward.stride_y;
  s.stride_x = s.stride_y = 1;
  return s;
}

void Correlation::pad(const std::function<Expr(Expr, Expr, Expr, Expr)>& image, bool more_channels) {
  copies = sizes.pads() || more_channels;
  if (!copies) {
    padded(k, x, y, n) = image(k, x, y, n);
    return;
  }
  Framed framed = in_frame(sizes, x, y);
  Expr channel = k;
  if (more_channels) {
    framed.inside = framed.inside && likely(k < sizes.in);
    channel = clamp(k, 0, sizes.in - 1);
  }
  Expr value = image(channel, framed.x, framed.y, n);
  padded(k, x, y, n) = select(framed.inside, value, cast(value.type(), 0));
}

void Correlation::correlate(Func& output, const std::function<Expr(Expr, Expr, Expr, Expr)>& weight) {
  r = RDom({{0, sizes.in}, {0, sizes.kernel_x}, {0, sizes.kernel_y}}, "r");
  sum(j, x, y, n) = 0.0f;
  sum(j, x, y, n) += padded(r.x, x * sizes.stride_x + r.y * sizes.tap_x, y * sizes.stride_y + r.z * sizes.tap_y, n) *
                     weight(j, r.x, r.y, r.z);
  output(j, x, y, n) = sum(j, x, y, n);
}

namespace {

// Rows of the image that one task computes. A frame beyond half the L2 cache is cut into strips of a quarter of it; the
// strips that compute the fewest rows twice are taken.
int strip_rows(const Sizes& s, const Tile& tile) {
  constexpr int64_t l2 = 512 << 10;
  int64_t row_bytes = int64_t{4} * s.in * (s.out_width * s.stride_x + s.span_x() - 1) * s.stride_y;
  if (row_bytes * s.out_height <= l2 / 2)
    return s.out_height;
  int most = static_cast<int>(std::clamp<int64_t>(l2 / 4 / row_bytes, tile.y, s.out_height));
  int best = tile.y;
  auto computed = [&](int rows) { return (s.out_height + rows - 1) / rows * rows; };
  for (int rows = tile.y; rows <= most; rows += tile.y)
    if (computed(rows) <= computed(best))
      best = rows;
  return best;
}

// Blocks of output channels are dealt to tasks when an image is work for several cores: from 4 million multiply-adds
// (80 microseconds); next to that, the frame that every task copies for itself costs 3 %.
int channel_groups(const Sizes& s, int blocks) {
  constexpr int64_t task_multiply_adds = 4'000'000;
  int64_t most = std::max<int64_t>(1, s.multiply_adds() / task_multiply_adds);
  int groups = 1;
  for (int g = 2; g <= blocks && g <= most; ++g)
    if (blocks % g == 0)
      groups = g;
  return groups;
}

} // namespace

// A task copies the frame, which stays in the L2 cache; then, for each block of output channels, whose weights stay in
// the L1 or L2 cache: tiles of pixels, each summed over channels and taps in registers.
void Correlation::schedule_tiles(Func& output, const Target& target) {
  Var ji("ji"), jo("jo"), jg("jg"), xi("xi"), yi("yi"), xo("xo"), yo("yo"), strip("strip"), no("no"), task("task");
  tile = choose_tile(target, sizes.out_width, sizes.out_height, sizes.out);
  int blocks = (sizes.out + tile.outputs() - 1) / tile.outputs();
  int groups = channel_groups(sizes, blocks);
  // Small images share the weights that are on their way through the caches: four of 4 x 4 pixels, as many as one of 8
  // x 8.
  int images = sizes.out_width * sizes.out_height <= 16 ? 4 : 1;
  output.split(j, jo, ji, tile.outputs(), TailStrategy::ShiftInwards)
      .split(jo, jg, jo, blocks / groups)
      .split(y, strip, y, strip_rows(sizes, tile), TailStrategy::ShiftInwards)
      .split(x, xo, xi, tile.x, TailStrategy::ShiftInwards)
      .split(y, yo, yi, tile.y, TailStrategy::ShiftInwards)
      .split(n, no, n, images, TailStrategy::GuardWithIf)
      .reorder(ji, xi, yi, xo, yo, n, jo, jg, strip, no)
      .vectorize(ji, tile.lanes)
      .unroll(ji)
      .unroll(xi)
      .unroll(yi)
      .fuse(jg, strip, task)
      .fuse(task, no, task)
      .parallel(task);
  sum.compute_at(output, xo).vectorize(j, tile.lanes).unroll(j).unroll(x).unroll(y);
  if (!copies)
    return;
  padded.compute_at(output, task);
  int lanes = lanes_for(target, sizes.in);
  if (lanes > 1)
    padded.vectorize(k, lanes, TailStrategy::GuardWithIf);
}

void Correlation::schedule(Func& output, const Target& target) {
  schedule_tiles(output, target);
  sum.update()
      .reorder(j, x, y, r.x, r.y, r.z)
      .vectorize(j, tile.lanes)
      .unroll(j)
      .unroll(x)
      .unroll(y)
      .unroll(r.x, unroll_for(sizes.in));
  constexpr int most_taps = 16; // of a row that are unrolled: compiling takes longer than linear in their number
  if (sizes.in < 4 && sizes.kernel_x <= most_taps)
    sum.update().unroll(r.y);
}

} // namespace rvb::kernels
