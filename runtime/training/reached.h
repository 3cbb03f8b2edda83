// What an epoch reached, and how it is told: the share of right decisions, which is to be large, or of a regression the
// mean squared error, which is to be small.
#pragma once

#include "evaluation/scores.h"
#include "files/tensorboard.h"
#include "training/training_state.h"

#include <string>

namespace rvb::runtime {

struct Reached {
  const Manifest& manifest;
  const Scores* scores; // null: there is nothing to test with, and training itself is what counts
  const Sum& training;
  std::string part; // of the samples that were tested: test, validation

  double value() const;
  bool better_than(const TrainingState& state) const;
  // Into the line of an epoch in the metrics.
  void log(nlohmann::ordered_json& line, Scalars& scalars) const;
  // "loss 0.3  train 90.00 %  test 80.00 % (best 81.00 % @3)".
  std::string text(const TrainingState& state) const;
};

} // namespace rvb::runtime
