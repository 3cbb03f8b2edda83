#include "training_state.h"

#include "failure.h"
#include "recipe/json.h"
#include "recipe_text.h"

namespace rvb::runtime {

using nlohmann::ordered_json;

namespace {

ordered_json sum_json(const Sum& sum) {
  return {{"loss", sum.loss}, {"correct", sum.correct}, {"count", sum.count}, {"steps", sum.steps}};
}

Sum sum_from_json(const ordered_json& json) {
  return {json.at("loss"), json.at("correct"), json.at("count"), json.at("steps")};
}

} // namespace

void Sum::add(double mean_loss, int64_t right, int64_t samples) {
  loss += mean_loss * static_cast<double>(samples);
  correct += right;
  count += samples;
  ++steps;
}

ordered_json TrainingPlan::json() const {
  ordered_json j = {{"limit", limit}, {"seed", seed}, {"shuffle", shuffle}};
  j.update(recipe::plan_json(*this));
  j.update({{"data", data},
            {"input", input},
            {"labels", labels},
            {"partition", partition},
            {"validate", validation.text()}});
  return j;
}

TrainingPlan plan_from_recipe(const Recipe& recipe) {
  TrainingPlan plan;
  static_cast<Recipe&>(plan) = recipe;
  plan.validation.fraction = recipe.validate;
  return plan;
}

TrainingPlan plan_from_json(const ordered_json& json) {
  TrainingPlan plan;
  // What every checkpoint has ever had; later settings have their defaults where they are missing.
  for (const char* key : {"epochs", "batch", "rate", "weight_decay", "schedule", "augment", "frames", "resize"})
    json.at(key);
  recipe::read_plan(json, plan); // the oldest ones are of SGD and do not say so
  plan.limit = json.at("limit");
  plan.seed = json.at("seed");
  plan.shuffle = json.at("shuffle");
  plan.data = json.at("data");
  plan.input = json.at("input");
  plan.labels = json.at("labels");
  plan.partition = json.at("partition");
  plan.validation = parse_validation(json.value("validate", ""));
  return plan;
}

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

ordered_json TrainingState::json() const {
  return {{"epoch", epoch},
          {"epoch_step", epoch_step},
          {"step", step},
          {"epoch_sum", sum_json(epoch_sum)},
          {"group_sum", sum_json(group_sum)},
          {"flips", flips},
          {"flips_of", flips_of},
          {"best_accuracy", best_accuracy},
          {"best_epoch", best_epoch},
          {"warned", warned}};
}

TrainingState state_from_json(const ordered_json& json) {
  TrainingState state;
  state.epoch = json.at("epoch");
  state.epoch_step = json.at("epoch_step");
  state.step = json.at("step");
  state.epoch_sum = sum_from_json(json.at("epoch_sum"));
  state.group_sum = sum_from_json(json.at("group_sum"));
  state.flips = json.value("flips", int64_t{0});
  state.flips_of = json.value("flips_of", std::vector<int64_t>{});
  state.best_accuracy = json.at("best_accuracy");
  state.best_epoch = json.at("best_epoch");
  state.warned = json.value("warned", state.warned);
  return state;
}

} // namespace rvb::runtime
