// How synapses under signs are summed with one instruction set and one type of spikes. A scheme is a class: what its
// blocks cost, here, and its code (synapses.h). targets/targets.def names the schemes of an instruction set.
#pragma once

#include "layerkernels/shape.h"
#include "targets/target.h"

#include <memory>

namespace rvb::layerkernels {

struct Code;
struct Work;
class Synapses;

// Pixels by vectors of outputs that are summed at once.
struct Block {
  int pixels = 1, vectors = 1;
};

class Scheme {
public:
  Scheme(const Shape& shape, int lanes) : shape_(shape), lanes_(lanes) {}
  virtual ~Scheme() = default;

  int lanes() const { return lanes_; }                          // sums in a vector
  virtual bool products_of_neighbours() const { return false; } // emitting.h
  // The cheapest block for a row of `results` and a layer of `vectors` vectors of outputs.
  virtual Block block(int results, int vectors) const = 0;
  virtual int64_t row_bytes() const {
    return table_bytes() * shape_.groups() * shape_.width;
  } // tables of an image's row
  // What may lie in the L2 cache: tables of a strip; weights that a task has prepared.
  virtual int64_t table_cache() const { return 640 << 10; }
  virtual int64_t prepared_bytes() const { return 0; } // of an output
  virtual int64_t prepared_cache() const { return 0; }
  // Whether a block may hold the same pixel of several images.
  virtual bool across_images() const { return true; }
  // The share of silent groups of four channels above which sums of events, `vectors` at once, are faster than these.
  virtual double break_even(int vectors) const = 0;
  virtual std::unique_ptr<Synapses> synapses(Code& code, const Work& work) const = 0;

protected:
  int64_t table_bytes() const { return int64_t{4} * lanes_; }

  const Shape shape_;

private:
  const int lanes_;
};

// For these spikes with this instruction set. Throws std::logic_error where it has no table kernels.
std::unique_ptr<Scheme> scheme_for(const targets::Target& target, const Shape& shape);

// How many results a layer's block has at most: twelve pixels are as fast in registers, but the tables of their windows
// leave the L1 cache.
constexpr int most_pixels = 8;

// Pixels of blocks that share a row as evenly as they can.
int shared_evenly(int results);

// What a block of lookups in registers costs, in cycles a group of four channels.
struct BlockCosts {
  int registers;    // for sums
  int most_vectors; //
  bool pairs;       // an even number of vectors
  double lookup;    // and addition, a pixel and vector
  double indices;   // their loads and shifts, a vector
};
Block cheapest_block(int results, int vectors, const BlockCosts& costs);

// The schemes of each instruction set, by its name in targets.def.
namespace schemes {
#define RVB_TARGET(name, other, architecture, floats, registers, tables, ...)                                          \
  std::unique_ptr<Scheme> tables(const Shape& shape);
#include "targets/targets.def"
#undef RVB_TARGET
} // namespace schemes

} // namespace rvb::layerkernels
