// What an optimiser's function gets: one tensor of weights and what belongs to it. A row of recipe/optimizers.def has
// one function of its name here.
#pragma once

#include "core/core.h"
#include "recipe/tables.h"

#include <cstdint>

namespace rvb::runtime {

struct Update {
  float* weights;
  const float* gradient;
  float* memory[2]; // as the row's `memory` says; zeros before the first step
  int64_t count;
  double rate, decay; // of this tensor; decay 0: it does not decay
  int64_t step;       // counts from 1
  float scale;        // of the gradient, where it is clipped
  bool latent;        // of a binary or ternary layer
  const recipe::Choice& options;
};

// Returns how many weights have changed their sign (that of 0 is 1).
using UpdateFunction = int64_t(const Update&);
#define OPTIMIZER(name, memory, options) UpdateFunction update_##name;
#include "recipe/optimizers.def"
#undef OPTIMIZER

// w[i] = update(w[i], i) for each weight of a tensor; counts changes of sign. Elementwise: any split over threads gives
// the same bits. Small tensors are not worth waking threads for.
template <class Rule> int64_t update_each(const Update& u, Rule rule) {
  float* w = u.weights;
  int64_t flips = 0;
#pragma omp parallel for simd schedule(static) num_threads(rvb_team()) reduction(+ : flips) if (u.count > 32768)
  for (int64_t i = 0; i < u.count; ++i) {
    const float old = w[i];
    w[i] = rule(old, i);
    flips += (old >= 0) != (w[i] >= 0);
  }
  return flips;
}

} // namespace rvb::runtime
