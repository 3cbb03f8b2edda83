// What an evaluation counts.
#pragma once

#include "base/failure.h"
#include "data/dataset.h"
#include "evaluation/errors.h"
#include "network/function.h"

#include <functional>
#include <optional>

namespace rvb::runtime {

struct Scores {
  std::optional<Errors> errors; // of a regression; all that follows is of classes
  int64_t classes = 0, count = 0, correct = 0;
  double loss_sum = 0;            // of the cross entropy: -log softmax(logits)[label]
  double spread_sum = 0;          // of the mean over the classes of -log softmax(logits): what smoothed labels add
  std::vector<int64_t> confusion; // [label, decision]

  explicit Scores(const Manifest& manifest);
  void add(const float* logits, const int32_t* labels, int64_t samples); // labels: what Dataset::answer gives
  double accuracy() const { return count == 0 ? 0 : static_cast<double>(correct) / static_cast<double>(count); }
  double loss() const { return count == 0 ? 0 : loss_sum / static_cast<double>(count); } // cross entropy
  // Cross entropy against labels that are smoothed as in training.
  double smoothed_loss(double smoothing) const {
    return count == 0 ? 0 : ((1 - smoothing) * loss_sum + smoothing * spread_sum) / static_cast<double>(count);
  }
};

// The loss that a recipe trains with, in words: "cross entropy, smoothing 0.1".
std::string loss_name(const Recipe& recipe);
// Whether that can be had of the logits alone; tet needs those of every step.
inline bool loss_of_logits(const Recipe& recipe) {
  return recipe.loss.is("cross_entropy");
}

// The first of the largest, as numpy's and PyTorch's argmax.
int64_t decision(const float* logits, int64_t classes);
// Probabilities of one sample, in double precision.
std::vector<double> softmax(const float* logits, int64_t classes);

// Failure(user): numbers that the network computed are too large.
class NotFinite : public Failure {
public:
  explicit NotFinite(const std::string& message) : Failure(Exit::user, message) {}
};

// NotFinite when one of the values, which are `what` of that sample, is not finite.
void require_finite(const float* values, int64_t count, int64_t sample, const std::string& what);

// Runs `infer` (function "infer") over the whole dataset in order, in batches of its max_batch; calls
// `each(first sample, samples, logits, labels)` for every batch (labels null when there are none) and stops early when
// it returns false. `mirror`: the logits are the means over each image and its mirror image. NotFinite when a logit is
// not finite.
void run_over(const Dataset& dataset, const Manifest& manifest, Function& infer,
              const std::function<bool(int64_t, int64_t, const float*, const int32_t*)>& each, bool mirror = false);

} // namespace rvb::runtime
