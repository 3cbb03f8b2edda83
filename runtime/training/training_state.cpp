#include "training/training_state.h"

#include "recipe/json.h"

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

ordered_json TrainingState::json() const {
  return {{"epoch", epoch},
          {"epoch_step", epoch_step},
          {"step", step},
          {"epoch_sum", sum_json(epoch_sum)},
          {"group_sum", sum_json(group_sum)},
          {"flips", flips},
          {"flips_of", flips_of},
          {regression ? "best_error" : "best_accuracy", best},
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
  state.regression = json.contains("best_error");
  state.best = json.at(state.regression ? "best_error" : "best_accuracy");
  state.best_epoch = json.at("best_epoch");
  state.warned = json.value("warned", state.warned);
  return state;
}

} // namespace rvb::runtime
