// @step out of @infer: the network for one time step.
#pragma once

#include "irgen/generate.h"

namespace rvb::irgen {

// `infer`: a function of the whole sequence. `sequence`: whether its input is one a step. What the caller keeps from
// one step to the next are arguments and results of role `state`: the neurons' states, and for each mean over time its
// sum so far and the number of steps in it.
ir::Function step_of(const ir::Function& infer, bool sequence);

} // namespace rvb::irgen
