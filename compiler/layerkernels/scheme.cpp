#include "layerkernels/scheme.h"

#include "layerkernels/tiles.h"

#include <algorithm>
#include <map>
#include <stdexcept>

namespace rvb::layerkernels {

namespace {

// Cycles of one group of four channels on a tile: lookups and additions, the tables' loads; no sum can be added to
// before it is there; and the indices' loads and shifts. Measured on Zen 5 with AVX-512, 3 x 3 convolutions of 64 to
// 512 channels, G synapses a second: 8 x 2 and 8 x 3 pixels and vectors 262 to 345, 6 x 4 246 to 335, 4 x 4 250 to 331,
// 3 x 8 231 to 309, 2 x 8 212 to 274; the bare inner loop reaches 340 at its best, FMA 130.
double cycles(int pixels, int vectors, const BlockCosts& costs) {
  return std::max({pixels * vectors * costs.lookup, 4.5, pixels * 0.6}) + vectors * costs.indices + 0.3;
}

} // namespace

// It leaves registers for the indices of each vector of outputs and a few tables on their way.
Block cheapest_block(int results, int vectors, const BlockCosts& costs) {
  Block block;
  double cheapest = 0;
  for (int v : {1, 2, 3, 4, 6, 8}) {
    if (v > vectors || v > costs.most_vectors)
      break;
    if (costs.pairs && v % 2 != 0 && vectors >= 2)
      continue;
    for (int p = 1; p * v <= costs.registers && p <= std::min(results, most_pixels); ++p) {
      int tiles = (results + p - 1) / p;
      int longer = results % tiles, shorter = results / tiles; // tiles of a row differ by one pixel at most
      double row = longer * cycles(shorter + 1, v, costs) + (tiles - longer) * cycles(shorter, v, costs);
      double cost = row * (vectors / v) + (vectors % v != 0 ? row * (vectors % v) / v + 0.5 * tiles : 0);
      if (cheapest == 0 || cost < cheapest) {
        cheapest = cost;
        block = {p, v};
      }
    }
  }
  return block;
}

int shared_evenly(int results) {
  const int tiles = (results + most_pixels - 1) / most_pixels;
  return (results + tiles - 1) / tiles;
}

std::unique_ptr<Scheme> schemes::none(const Shape&) {
  return nullptr;
}

namespace {

std::unique_ptr<Scheme> find(const targets::Target& target, const Shape& shape) {
  static const std::map<std::string, std::unique_ptr<Scheme> (*)(const Shape&)> all{
#define RVB_TARGET(name, other, architecture, floats, registers, tables, ...) {#tables, schemes::tables},
#include "targets/targets.def"
#undef RVB_TARGET
  };
  return all.at(target.tables)(shape);
}

} // namespace

bool has_events(const targets::Target& target) {
  Shape shape;
  shape.sparse = true;
  return find(target, shape) != nullptr;
}

std::unique_ptr<Scheme> scheme_for(const targets::Target& target, const Shape& shape) {
  std::unique_ptr<Scheme> scheme = find(target, shape);
  if (scheme == nullptr)
    throw std::logic_error("no table kernels for " + target.name);
  return scheme;
}

// Measured, one core, 3 x 3 convolutions (64 -> 64 at 32 x 32, 128 -> 128 at 16 x 16), groups silent at random: the
// shares at which both kernels take equally long. The schemes have the numbers.
double break_even(const Layer& layer, const targets::Target& target) {
  Shape shape = shape_of(layer);
  shape.sparse = true;
  const int vectors = choose_tiles(shape, *scheme_for(target, shape)).vectors;
  shape.sparse = false;
  return scheme_for(target, shape)->break_even(vectors);
}

} // namespace rvb::layerkernels
