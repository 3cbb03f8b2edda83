#include "codegen/layer_shape.h"

#include <algorithm>

namespace rvb::codegen {

namespace {

int dim(const ir::Type& type, int from_end) {
  return type.rank() < from_end ? 1 : static_cast<int>(type.dims[static_cast<size_t>(type.rank() - from_end)]);
}

} // namespace

int64_t Shape::synapses() const {
  int64_t taps = 0;
  for (const Phase& p : phases)
    taps += int64_t{1} * p.rows * p.columns * p.taps_y * p.taps_x;
  return taps * channels * outputs;
}

namespace {

// Pixel y of the gradient by the input meets tap k where y + pad - k is a multiple of the stride; that multiple is the
// row of the upstream gradient. So the pixels y = r, r + s, … meet the taps k = (r + pad) mod s, k + s, …, from the
// last one on.
void gradient_phase(int r, int extent, int kernel, int stride, int pad, int& first, int& count, int& taps, int& in,
                    int& tap, int& tap_step) {
  int nearest = (r + pad) % stride;
  taps = nearest < kernel ? (kernel - nearest - 1) / stride + 1 : 0;
  first = r;
  count = (extent - r + stride - 1) / stride;
  in = (r + pad - nearest) / stride - std::max(0, taps - 1);
  tap = nearest + stride * std::max(0, taps - 1);
  tap_step = -stride;
}

Shape gradient_shape(const ir::Op& op, const ir::Type& upstream, const ir::Type& result, Shape s) {
  s.height = dim(upstream, 3);
  s.width = dim(upstream, 2);
  s.out_height = dim(result, 3);
  s.out_width = dim(result, 2);
  std::vector<int64_t> kernel = op.integers("kernel"), pad = op.integers("pad"), stride = op.integers("stride");
  s.kernel_y = static_cast<int>(kernel[0]);
  s.kernel_x = static_cast<int>(kernel[1]);
  s.step_y = static_cast<int>(stride[0]);
  s.step_x = static_cast<int>(stride[1]);
  for (int y = 0; y < std::min(s.step_y, s.out_height); ++y)
    for (int x = 0; x < std::min(s.step_x, s.out_width); ++x) {
      Phase p;
      gradient_phase(y, s.out_height, s.kernel_y, s.step_y, static_cast<int>(pad[0]), p.y0, p.rows, p.taps_y, p.in_y,
                     p.tap_y, p.tap_step_y);
      gradient_phase(x, s.out_width, s.kernel_x, s.step_x, static_cast<int>(pad[1]), p.x0, p.columns, p.taps_x, p.in_x,
                     p.tap_x, p.tap_step_x);
      s.phases.push_back(p);
    }
  return s;
}

} // namespace

Shape shape_of(const Layer& layer) {
  const ir::Op& op = *layer.synapse;
  const ir::Type& image = layer.function->type(op.operands[0].value);
  const ir::Type& result = layer.function->type(op.results[0]);
  Shape s;
  s.spikes = image.element;
  s.sparse = op.integer("sparse") != 0;
  if (layer.neuron != nullptr && layer.neuron->integer("states") > 0)
    s.steps = result.dims[0];
  s.channels = dim(image, 1);
  s.outputs = dim(result, 1);
  Phase p;
  p.rows = p.columns = p.taps_y = p.taps_x = 1;
  if (op.opcode == ir::Opcode::binary_linear) {
    s.phases = {p};
    return s;
  }
  if (op.opcode == ir::Opcode::binary_conv2d_input_gradient)
    return gradient_shape(op, image, result, s);
  s.height = dim(image, 3);
  s.width = dim(image, 2);
  s.out_height = dim(result, 3);
  s.out_width = dim(result, 2);
  std::vector<int64_t> kernel = op.integers("kernel"), pad = op.integers("pad"), stride = op.integers("stride");
  s.kernel_y = p.taps_y = static_cast<int>(kernel[0]);
  s.kernel_x = p.taps_x = static_cast<int>(kernel[1]);
  s.stride_y = static_cast<int>(stride[0]);
  s.stride_x = static_cast<int>(stride[1]);
  p.in_y = -static_cast<int>(pad[0]);
  p.in_x = -static_cast<int>(pad[1]);
  p.rows = s.out_height;
  p.columns = s.out_width;
  s.phases = {p};
  return s;
}

namespace {

// Cycles of one group of four channels on a tile: lookups and additions, the tables' loads; no sum can be added to
// before it is there; and the indices' loads and shifts. Measured on Zen 5 with AVX-512, 3 x 3 convolutions of 64 to
// 512 channels, G synapses a second: 8 x 2 and 8 x 3 pixels and vectors 262 to 345, 6 x 4 246 to 335, 4 x 4 250 to 331,
// 3 x 8 231 to 309, 2 x 8 212 to 274; the bare inner loop reaches 340 at its best, FMA 130.
double cycles(int pixels, int vectors, bool wide) {
  double pair = wide ? 0.6 : 1.25;
  return std::max({pixels * vectors * pair, 4.5, pixels * 0.6}) + vectors * (wide ? 0.55 : 1.2) + 0.3;
}

// The cheapest tile for a row of `count` results. It leaves registers for the indices of each vector of outputs and a
// few tables on their way.
void choose(int count, int blocks, bool wide, ir::Element spikes, int& pixels, int& vectors) {
  constexpr int most_pixels = 8; // twelve are as fast in registers, but the tables of their windows leave the L1 cache
  // 16 bits: pixels share the indices, outputs the tables, and sums in 32 bits stand in the L1 cache, so larger is
  // faster. G synapses a second of the convolutions above. Bytes (layer_bytes.cpp) on Zen 4: 8 x 8 168 to 223, 4 x 8
  // 161 to 222, 8 x 4 158 to 210, 4 x 4 156 to 213, 2 x 8 149 to 198, 2 x 4 145 to 194; FMA 46. Tables of five
  // (layer_narrow.cpp) on Zen 5: 8 x 4 600 to 750, 4 x 8 580 to 820, 6 x 4 570 to 750, 4 x 4 560 to 720.
  if (spikes == ir::Element::i16) {
    const int tiles = (count + most_pixels - 1) / most_pixels;
    pixels = (count + tiles - 1) / tiles;
    vectors = std::min(wide && pixels > 4 ? 4 : 8, blocks);
    return;
  }
  // Whole numbers run best where LLVM keeps all in registers: G synapses a second of the convolutions above, 32 bits:
  // 6 x 2 293 to 345, 3 x 4 284 to 374, 8 x 2 248 to 330, 8 x 4 187 to 295.
  const int registers = !wide ? 8 : spikes == ir::Element::f32 ? 24 : 12;
  double cheapest = 0;
  for (int v : {1, 2, 3, 4, 6, 8}) {
    if (v > blocks || (!wide && v > 2))
      break;
    if (wide && spikes == ir::Element::i32 && v % 2 != 0 && blocks >= 2)
      continue;
    for (int p = 1; p * v <= registers && p <= std::min(count, most_pixels); ++p) {
      int tiles = (count + p - 1) / p;
      int longer = count % tiles, shorter = count / tiles; // tiles of a row differ by one pixel at most
      double row = longer * cycles(shorter + 1, v, wide) + (tiles - longer) * cycles(shorter, v, wide);
      double cost = row * (blocks / v) + (blocks % v != 0 ? row * (blocks % v) / v + 0.5 * tiles : 0);
      if (cheapest == 0 || cost < cheapest) {
        cheapest = cost;
        pixels = p;
        vectors = v;
      }
    }
  }
}

// Sums of events: one pixel after the other, so that a block of outputs' weights and the neuron's code stay at hand for
// several; its sums in eight registers, and what a group costs by itself is shared by eight lookups.
void choose_events(int count, int blocks, int& pixels, int& vectors) {
  constexpr int most_pixels = 8, most_vectors = 8;
  pixels = std::min(count, most_pixels);
  const int passes = (blocks + most_vectors - 1) / most_vectors;
  vectors = (blocks + passes - 1) / passes;
}

} // namespace

Tiles choose_tiles(const Shape& shape, const kernels::Target& target) {
  Tiles tiles;
  tiles.lanes = target.vector_floats;
  bool wide = tiles.lanes == 16, narrow = wide && shape.spikes == ir::Element::i16;
  int blocks = (shape.outputs + tiles.lanes - 1) / tiles.lanes;
  int columns = 1, rows = 1;
  for (const Phase& p : shape.phases) {
    columns = std::max(columns, p.columns);
    rows = std::max(rows, p.rows);
  }
  if (shape.sparse)
    choose_events(columns, blocks, tiles.pixels, tiles.vectors);
  else
    choose(columns, blocks, wide, shape.spikes, tiles.pixels, tiles.vectors);
  // The tables of a strip stay in the L2 cache.
  constexpr int64_t budget = 640 << 10;
  int64_t row_bytes =
      int64_t{4} * tiles.lanes * shape.width * (narrow ? narrow_tables * shape.words() : shape.groups());
  int64_t fits = std::max<int64_t>(1, (budget / row_bytes - shape.kernel_y + 1) / shape.stride_y);
  int strips = static_cast<int>((rows + fits - 1) / fits);
  // One image is work for two threads and more: from half a million synapses (a few microseconds) on.
  constexpr int64_t task_synapses = 4'000'000;
  if (strips < 2 && rows >= 8 && shape.synapses() >= 2 * task_synapses)
    strips = 2;
  tiles.strip = (rows + strips - 1) / strips;
  // A window of three taps that hangs over both ends of a row of eight wastes a twelfth of its taps; of a row of two, a
  // third.
  tiles.across = columns <= 8 && strips == 1 && !shape.sparse; // padding has no events
  if (tiles.across)
    choose(8, blocks, wide, shape.spikes, tiles.images, tiles.across_vectors);
  int all_blocks = (blocks + tiles.vectors - 1) / tiles.vectors;
  if (strips < 2 && all_blocks % 2 == 0 && shape.synapses() >= 2 * task_synapses)
    tiles.parts = 2;
  return tiles;
}

// Measured, one core, 3 x 3 convolutions (64 -> 64 at 32 x 32, 128 -> 128 at 16 x 16), groups silent at random: the
// shares at which both kernels take equally long.
//
// Zen 4 with AVX2, where 8 vectors of outputs share the visit of a group: f32 40 %, i32 42 %, i16 76 to 80 %. With
// fewer vectors f32 was measured against dense sums that took a fifth longer: 1 vector 56 %, 2 40 %, 3 35 %, 5 29 %, 8
// 28 %; the formula is that curve, the fifth taken off. i16's dense sums serve at least four vectors at once, so fewer
// gain nothing.
//
// Zen 5 with AVX-512, 4 and 8 vectors: f32 35 and 15 %, i32 46 and 29 %, i16 68 and 59 %. A group takes 0.35 cycles
// where it is silent, 2 and 0.67 a vector where it is visited, and dense 0.82, 0.70 or 0.42 a vector; the formula says
// that, and a twentieth more to be on the safe side.
double break_even(const Layer& layer, const kernels::Target& target) {
  Shape shape = shape_of(layer);
  shape.sparse = true;
  const Tiles tiles = choose_tiles(shape, target);
  const double vectors = tiles.vectors;
  if (tiles.lanes < 16)
    return shape.spikes == ir::Element::i16 ? 0.8 : 0.38 + 0.25 / vectors;
  const double dense = shape.spikes == ir::Element::f32 ? 0.82 : shape.spikes == ir::Element::i32 ? 0.70 : 0.42;
  const double silent = 0.35, visited = 2 + 0.67 * vectors;
  return std::min(0.95, 1.05 - (dense * vectors - silent) / (visited - silent));
}

} // namespace rvb::codegen
