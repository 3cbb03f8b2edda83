// What training minimises: one function for each row of recipe/losses.def.
#pragma once

#include "layers/build.h"
#include "recipe/tables.h"

#include <optional>

namespace rvb::irgen {

struct LossInputs {
  layers::Build& build;
  ir::Value logits;
  std::optional<ir::Value> steps; // the logits of every step, where the network ends in their mean over time
  int64_t time = 1;               // how many steps
};

using LossFunction = ir::Value(const recipe::Choice& options, const LossInputs& in);
#define LOSS(name, options) LossFunction loss_##name;
#include "recipe/losses.def"
#undef LOSS

ir::Value build_loss(const recipe::Choice& loss, const LossInputs& in);

} // namespace rvb::irgen
