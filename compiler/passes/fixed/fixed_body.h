// The body of a scan in fixed point, for the pass fixed_point.
//
// A real number x of the body becomes a whole one n with x = n · unit. A body has one unit, chosen by the bounds of all
// that it computes (interval arithmetic, from the largest sums that the spikes' limits allow), so that nothing can
// overflow; where a spike leaves it, it is the spike's own grid divided by a power of two. It does not depend on
// whether membranes are states of a scan, are passed in and out, or have been found not to matter.
#pragma once

#include "ir/ir.h"

#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace rvb::passes {

// A real tensor that exists in fixed point, too: i32, times unit, at most bound in size (whole).
struct Whole {
  ir::Value value = ir::no_value;
  double unit = 1;
  double bound = 0;
};

// A membrane that a function is given and gives back, one step at a time: an operand and a yield of the scan.
struct Carried {
  int operand, yield;
};

// What is known about a scan's operands and results.
struct Surroundings {
  std::map<ir::Value, Whole> whole;
  std::map<ir::Value, double> largest_sum;                   // results of synapses on whole spikes
  std::map<ir::Value, int64_t> pooled;                       // the pixels that one average takes of a value
  std::map<ir::Value, bool> whole_reader, reader;            // who wants results: as integers; as they were
  std::set<ir::Value> read;                                  // by an operation or the function\'s caller
  double largest_spike = 0;                                  // of the calibration, in all layers, as a real number
  double largest_limit = 0;                                  // and as a whole one
  std::vector<Carried> carried;                              // of the scan at hand
  std::vector<std::pair<ir::Value, ir::Constant>> constants; // new ones, with the values that stand for them
};

// Whether all that the body does can be done in integers. Constants of the module are known numbers; nothing
// changes.
bool can_be_fixed(const ir::Module& module, ir::Function& function, const ir::Op& scan,
                  const Surroundings& surroundings);

// The scan in integers; nothing where it cannot be. Real results get whole ones in `surroundings` where somebody
// wants them. States and carried membranes become i32, in the function's parameters and results as well.
std::optional<ir::Op> fixed(const ir::Module& module, ir::Function& function, const ir::Op& scan,
                            Surroundings& surroundings);

} // namespace rvb::passes
