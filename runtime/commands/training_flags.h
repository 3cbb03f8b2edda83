// What the flags of `train` change of a plan.
#pragma once

#include "options/options.h"
#include "training/training_state.h"

namespace rvb::runtime {

// Flags over the recipe, or over the plan of the run that is resumed.
void apply(const Options& options, TrainingPlan& plan);

} // namespace rvb::runtime
