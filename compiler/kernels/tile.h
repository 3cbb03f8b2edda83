// How many results one inner loop keeps in registers.
#pragma once

#include "kernels/kernels.h"

namespace rvb::kernels {

// The widest vector, a power of two, that `extent` fills at least once.
int lanes_for(const Target& target, int64_t extent);

// A block of x * y pixels (or rows of a matrix) by `vectors` vectors of `lanes` outputs.
struct Tile {
  int x = 1, y = 1, vectors = 1, lanes = 1;
  int outputs() const { return vectors * lanes; }
};

// The cheapest tile for an image of `width` x `height` pixels of `outputs` channels: a border that does not divide is
// computed twice, so the count of tiles weighs against the work of one.
Tile choose_tile(const Target& target, int64_t width, int64_t height, int64_t outputs);

// The largest of 4, 2, 1 that divides: how often a loop over channels is unrolled.
int unroll_for(int64_t extent);

} // namespace rvb::kernels
