// Does a membrane grow by itself?
#pragma once

#include "sema/program.h"

namespace rvb::sema {

// By what a state (from 0) is multiplied from step to step, as the first equation that assigns it says: 0.25 for
// `u = 0.25 * u + input`. 0 where that is not a sum of constant multiples.
double leak_of(const Neuron& neuron, int state);

} // namespace rvb::sema
