#include "kernels/tile.h"

#include <algorithm>

namespace rvb::kernels {

int lanes_for(const Target& target, int64_t extent) {
  int lanes = target.vector_floats;
  while (lanes > extent)
    lanes /= 2;
  return std::max(1, lanes);
}

Tile choose_tile(const Target& target, int64_t width, int64_t height, int64_t outputs) {
  Tile best;
  best.lanes = lanes_for(target, outputs);
  best.vectors = outputs >= 2 * best.lanes ? 2 : 1;
  // Three quarters of the vector registers accumulate; the rest hold the weights and one broadcast input.
  int accumulators = target.vector_registers * 3 / 4;
  int most = accumulators / best.vectors;
  double cheapest = 0;
  for (int y = 1; y <= 4 && y <= height; ++y)
    for (int x = 1; x * y <= most && x <= width; ++x) {
      // Cycles for one input channel: two multiply-adds a cycle, four cycles and some until a sum can be added to
      // again, two loads a cycle.
      double cycles = std::max({x * y * best.vectors / 2.0, 4.5, (x * y + best.vectors) / 2.0}) + 0.25;
      double tiles = static_cast<double>((width + x - 1) / x) * static_cast<double>((height + y - 1) / y);
      if (cheapest == 0 || cycles * tiles < cheapest) {
        cheapest = cycles * tiles;
        best.x = x;
        best.y = y;
      }
    }
  return best;
}

int unroll_for(int64_t extent) {
  return extent % 4 == 0 ? 4 : extent % 2 == 0 ? 2 : 1;
}

} // namespace rvb::kernels
