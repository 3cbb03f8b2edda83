// Proves that what a scan emits does not depend on the step when its sequences do not.
//
// The body is run on abstract values. An abstract value is an expression over the first step's quantities (two values
// with the same expression are equal, bit for bit) and a closed interval of floats that holds it. The first step is
// exact; a comparison it cannot decide splits the proof into two cases, each with what the comparison says about its
// left side. The later steps are one run on the join of all their states, repeated until the join is stable. An emitted
// value is constant when, in every case, the later steps give the expression of the first.
//
// For the neuron of ReverB (threshold 0, leak >= 0, hard reset) on x: the case x >= 0 fires and leaves the state 0 it
// began with, so every step is the first. The case x < 0 emits 0 and leaves x < 0; from there the membrane is the sum
// of a number < 0 and one <= 0, so it never fires and always emits 0. With a threshold above 0 the second case is 0 <=
// x < threshold as well, whose sum can reach the threshold: not proven, and not true.
//
// Intervals are closed over by monotone rounding: every bound is computed in float as the program computes the value,
// so the proof holds in float arithmetic. It speaks of numbers; for NaN nothing is claimed.
#pragma once

#include "ir/ir.h"

#include <vector>

namespace rvb::analysis {

// For every emitted sequence of `scan`, whether it is proven constant in time given sequences that are.
std::vector<bool> constant_in_time(const ir::Function& function, const ir::Op& scan);

} // namespace rvb::analysis
