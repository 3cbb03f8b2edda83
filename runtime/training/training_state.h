// What a training run is (plan) and where it stands (state). Both lie in the checkpoint, so that a run that goes on
// gives the same bits as one that never stopped.
#pragma once

#include "network/manifest.h"
#include "training/validation.h"

#include <cstdint>
#include <string>

namespace rvb::runtime {

struct TrainingPlan : Recipe {
  int64_t limit = 0;
  uint64_t seed = 1;
  bool shuffle = true;
  std::string data, input, labels, partition; // where the samples come from
  Validation validation;                      // what the recipe or --validate says

  nlohmann::ordered_json json() const;
};

TrainingPlan plan_from_recipe(const Recipe& recipe);
TrainingPlan plan_from_json(const nlohmann::ordered_json& json);

struct Sum {
  double loss = 0; // over samples
  int64_t correct = 0, count = 0, steps = 0;
  void add(double mean_loss, int64_t right, int64_t samples);
  double mean_loss() const { return count == 0 ? 0 : loss / static_cast<double>(count); }
  double accuracy() const { return count == 0 ? 0 : static_cast<double>(correct) / static_cast<double>(count); }
};

struct TrainingState {
  int64_t epoch = 0;      // complete epochs
  int64_t epoch_step = 0; // steps done in the current one
  int64_t step = 0;       // steps in all
  Sum epoch_sum, group_sum;
  // Changes of sign in the current epoch, of all binary layers and of each parameter: a weight that goes there and back
  // counts twice. Checkpoints of older programs have the sum alone.
  int64_t flips = 0;
  std::vector<int64_t> flips_of;
  bool regression = false;
  double best = -1; // accuracy, or of a regression the error; without a meaning before the first epoch is complete
  int64_t best_epoch = 0;
  std::vector<std::string> warned; // layers that never or always fire, each told once

  nlohmann::ordered_json json() const;
};

TrainingState state_from_json(const nlohmann::ordered_json& json);

} // namespace rvb::runtime
