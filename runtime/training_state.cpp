#include "training_state.h"

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
  ordered_json j = {{"epochs", epochs}, {"batch", batch}, {"limit", limit}, {"seed", seed}};
  j.update(optimizer.json());
  j.update({{"schedule", schedule},
            {"shuffle", shuffle},
            {"augment", augment.json()},
            {"data", data},
            {"input", input},
            {"labels", labels},
            {"partition", partition},
            {"frames", frames},
            {"time_unit", time_unit},
            {"resize", resize},
            {"validate", validation.text()}});
  return j;
}

TrainingPlan plan_from_recipe(const Recipe& recipe) {
  TrainingPlan plan;
  plan.epochs = recipe.epochs;
  plan.batch = recipe.batch;
  plan.optimizer = recipe.optimizer;
  plan.schedule = recipe.schedule;
  plan.augment = recipe.augment;
  plan.frames = recipe.frames;
  plan.time_unit = recipe.time_unit;
  plan.resize = recipe.resize;
  plan.validation.fraction = recipe.validate;
  return plan;
}

TrainingPlan plan_from_json(const ordered_json& json) {
  TrainingPlan plan;
  plan.epochs = json.at("epochs");
  plan.batch = json.at("batch");
  plan.limit = json.at("limit");
  plan.seed = json.at("seed");
  plan.optimizer = optimizer_from_json(json);
  const ordered_json expected = plan.optimizer.json();
  for (const auto& [key, value] : expected.items())
    if (key != "optimizer") // older checkpoints are SGD's and do not say so
      json.at(key);
  plan.schedule = json.at("schedule");
  plan.shuffle = json.at("shuffle");
  plan.augment = augmentation_from_json(json.at("augment"));
  plan.data = json.at("data");
  plan.input = json.at("input");
  plan.labels = json.at("labels");
  plan.partition = json.at("partition");
  plan.frames = json.at("frames");
  plan.time_unit = json.value("time_unit", ""); // older checkpoints have none
  plan.resize = json.at("resize");
  plan.validation = parse_validation(json.value("validate", ""));
  return plan;
}

void apply(const Options& options, TrainingPlan& plan) {
  plan.epochs = options.epochs.value_or(plan.epochs);
  plan.batch = options.batch.value_or(plan.batch);
  plan.limit = options.limit > 0 ? options.limit : plan.limit;
  plan.seed = options.seed.value_or(plan.seed);
  OptimizerSettings& optimizer = plan.optimizer;
  if (options.optimizer.value_or(optimizer.name) != optimizer.name)
    optimizer = optimizer.renamed(*options.optimizer);
  optimizer.rate = options.rate.value_or(optimizer.rate);
  optimizer.momentum = options.momentum.value_or(optimizer.momentum);
  optimizer.weight_decay = options.weight_decay.value_or(optimizer.weight_decay);
  plan.schedule = options.schedule.value_or(plan.schedule);
  plan.shuffle = plan.shuffle && !options.no_shuffle;
  if (!options.augment.empty())
    plan.augment = augmentation_from_words(options.augment);
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
  state.best_accuracy = json.at("best_accuracy");
  state.best_epoch = json.at("best_epoch");
  state.warned = json.value("warned", state.warned);
  return state;
}

} // namespace rvb::runtime
