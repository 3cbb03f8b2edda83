#include "training/schedules.h"

#include <cmath>

namespace rvb::runtime {

namespace {

using recipe::Choice;

constexpr double pi = 3.14159265358979323846;

// How much of the run is over, in epochs or in steps, of which there are `all`.
struct Progress {
  double done, all;
};

Progress progress(const Choice& options, const Position& at) {
  const bool per_step = options["per_step"] != 0;
  return {static_cast<double>(per_step ? at.step : at.epoch), static_cast<double>(per_step ? at.steps : at.epochs)};
}

ScheduleFunction* const functions[] = {
#define SCHEDULE(name, options) schedule_##name,
#include "recipe/schedules.def"
#undef SCHEDULE
};

} // namespace

double schedule_constant(const Choice&, double rate, const Position&) {
  return rate;
}

double schedule_cosine(const Choice& options, double rate, const Position& at) {
  const Progress p = progress(options, at);
  const double minimum = options["minimum"];
  return minimum + (rate - minimum) * (1 + std::cos(pi * p.done / p.all)) / 2;
}

double schedule_step(const Choice& options, double rate, const Position& at) {
  return rate * std::pow(options["factor"], static_cast<double>(at.epoch / static_cast<int64_t>(options["every"])));
}

double schedule_polynomial(const Choice& options, double rate, const Position& at) {
  const Progress p = progress(options, at);
  return rate * std::pow(1 - std::min(p.done, p.all) / p.all, options["power"]);
}

double schedule_exponential(const Choice& options, double rate, const Position& at) {
  return rate * std::pow(options["factor"], static_cast<double>(at.epoch));
}

double schedule_one_cycle(const Choice& options, double rate, const Position& at) {
  const auto step = static_cast<double>(at.step), steps = static_cast<double>(at.steps);
  const double top = options["rise"] * steps - 1, last = steps - 1; // the steps at the rate, and at the end
  const double first = rate / options["start"], end = first / options["end"];
  const auto between = [](double from, double to, double share) {
    return to + (from - to) / 2 * (std::cos(pi * share) + 1);
  };
  if (step <= top)
    return top > 0 ? between(first, rate, step / top) : rate;
  return last > top ? between(rate, end, (step - top) / (last - top)) : end;
}

double learning_rate(const recipe::Recipe& recipe, const Position& at) {
  const double rate = recipe.optimizer["rate"];
  Position rest = at;
  if (recipe.warmup > 0) {
    const int64_t steps = at.steps / at.epochs * recipe.warmup;
    if (at.epoch < recipe.warmup)
      return rate * (recipe.warmup_start +
                     (1 - recipe.warmup_start) * static_cast<double>(at.step) / static_cast<double>(steps));
    rest = {at.epoch - recipe.warmup, at.epochs - recipe.warmup, at.step - steps, at.steps - steps};
  }
  return functions[&recipe.schedule.row() - recipe::schedules.rows](recipe.schedule, rate, rest);
}

} // namespace rvb::runtime
