// @step out of @infer: the network for one time step.
#pragma once

#include "irgen/generate.h"

namespace rvb::irgen {

struct Step {
  ir::Function function;
  std::vector<KeptState> states;
};

// `infer`: a function of the whole sequence, its first parameter the image, its first result the logits. `sequence`:
// whether the image is one a step.
Step step_of(const ir::Function& infer, bool sequence);

} // namespace rvb::irgen
