// The learning rate over a run. The schedules are those of torch.optim.lr_scheduler:
//
//   cosine       CosineAnnealingLR(T_max = epochs, eta_min = minimum), stepped per epoch; with per_step T_max = all
//   steps,
//                stepped per step
//   constant     the rate
//   step         StepLR(step_size = every, gamma = factor), per epoch
//   polynomial   PolynomialLR(total_iters = epochs, power), per epoch; with per_step of all steps, per step
//   exponential  ExponentialLR(gamma = factor), per epoch
//   one_cycle    OneCycleLR(max_lr = rate, total_steps = all steps, pct_start = rise, div_factor = start,
//                final_div_factor = end, cycle_momentum = False), per step
//
// Before them, with `warmup`: LinearLR(start_factor = warmup_start, total_iters = the steps of these epochs), per
// step. The schedule then has the epochs that remain.
#pragma once

#include "recipe/recipe.h"

namespace rvb::runtime {

// Where a run stands: complete epochs of how many, and steps likewise.
struct Position {
  int64_t epoch = 0, epochs = 1;
  int64_t step = 0, steps = 1;
};

// A row of recipe/schedules.def has one function of its name.
using ScheduleFunction = double(const recipe::Choice& options, double rate, const Position& at);
#define SCHEDULE(name, options) ScheduleFunction schedule_##name;
#include "recipe/schedules.def"
#undef SCHEDULE

// The rate of the step that comes next.
double learning_rate(const recipe::Recipe& recipe, const Position& at);

} // namespace rvb::runtime
