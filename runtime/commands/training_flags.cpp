#include "commands/training_flags.h"

#include "base/failure.h"
#include "options/recipe_text.h"

namespace rvb::runtime {

void apply(const Options& options, TrainingPlan& plan) {
  plan.epochs = options.epochs.value_or(plan.epochs);
  plan.batch = options.batch.value_or(plan.batch);
  plan.limit = options.limit > 0 ? options.limit : plan.limit;
  plan.seed = options.seed.value_or(plan.seed);
  if (options.optimizer)
    plan.optimizer = changed_choice("optimizer", recipe::optimizers, plan.optimizer, *options.optimizer);
  const auto set = [&](const char* flag, const char* option, const std::optional<double>& value) {
    if (value && plan.optimizer.row().find(option) < 0)
      throw Failure(Exit::usage, std::string("--") + flag + " is of " + rows_with(recipe::optimizers, option) +
                                     ", not of " + plan.optimizer.row().name);
    if (value)
      plan.optimizer.set(option, *value);
  };
  set("lr", "rate", options.rate);
  set("momentum", "momentum", options.momentum);
  set("weight-decay", "weight_decay", options.weight_decay);
  if (options.schedule)
    plan.schedule = parse_choice("schedule", recipe::schedules, *options.schedule);
  for (const auto& set : options.settings)
    set(plan);
  plan.rates = changed_options("rates", plan.rates, options.rates);
  plan.decays = changed_options("decays", plan.decays, options.decays);
  plan.shuffle = plan.shuffle && !options.no_shuffle;
  if (!options.augment.empty())
    plan.augment = parse_choices("augment", recipe::augmentations, options.augment);
  if (options.no_augment)
    plan.augment = {};
  plan.partition = options.partition.empty() ? plan.partition : options.partition;
  plan.frames = options.frames.empty() ? plan.frames : options.frames;
  plan.time_unit = options.time_unit.empty() ? plan.time_unit : options.time_unit;
  plan.resize = options.resize > 0 ? options.resize : plan.resize;
  if (!options.validate.empty())
    plan.validation = parse_validation(options.validate);
  if (!options.data.empty() || !options.input.empty()) {
    plan.data = options.data;
    plan.input = options.input;
    plan.labels = options.labels;
  }
}

} // namespace rvb::runtime
