// The training loop: order, batches, gradient, optimiser, running statistics, evaluation, checkpoints.
#pragma once

#include "data/dataset.h"
#include "data/loader.h"
#include "evaluation/energy.h"
#include "evaluation/scores.h"
#include "files/tensorboard.h"
#include "network/function.h"
#include "network/network.h"
#include "optimizers/optimizer.h"
#include "training/progress.h"
#include "training/run_directory.h"
#include "training/schedules.h"

namespace rvb::runtime {

class Trainer {
public:
  // `test`: what the best epoch is chosen by, the validation part where the plan has one; may be null: then it is that
  // with the highest training accuracy.
  Trainer(const Network& network, const TrainingPlan& plan, RunDirectory& run, const Dataset& train,
          const Dataset* test, bool quiet);
  ParameterSet& weights() { return weights_; }
  Optimizer& optimizer() { return optimizer_; }
  TrainingState& state() { return state_; }
  void write_events(const std::string& folder) { events_.open(folder); }

  // Up to `stop` steps in all (0: every epoch). Exit::interrupted after a signal, with everything saved.
  Exit run(int64_t stop, int64_t log_every, int64_t save_every);

private:
  void train_step(Loader& loader, double rate);
  float run_mixed(const Mix& mix, int64_t count); // the loss; gradients into mixed_
  Variation variation() const { return {plan_.augment, plan_.seed, static_cast<uint32_t>(state_.epoch)}; }
  void count_flips(const std::vector<int64_t>& flips);
  bool tests_other_weights() const { return plan_.average > 0 || plan_.reestimate_batchnorm; }
  bool test(Scores& scores); // false: interrupted
  [[noreturn]] void diverged(const std::string& seen) const;
  Position position(int64_t epoch_step) const; // of a step of this epoch
  void log_group(double rate);
  void log(const nlohmann::ordered_json& line, const Scalars& scalars); // to the metrics and TensorBoard
  // What matters for signs and spikes, into the line of an epoch; the text that is printed of it.
  std::string log_signs(nlohmann::ordered_json& line, Scalars& scalars) const;
  std::unique_ptr<EnergyCounter> count_spikes() const;
  std::string log_rates(const std::unique_ptr<EnergyCounter>& spikes, nlohmann::ordered_json& line,
                        Scalars& scalars) const;
  bool finish_epoch(double rate); // false: interrupted
  void warn_of_firing();          // each layer once in a run
  void save() { run_.save(manifest_, weights_, optimizer_, plan_, state_); }

  const Network& network_;
  const Manifest& manifest_;
  TrainingPlan plan_;
  RunDirectory& run_;
  const Dataset &train_, *test_;
  ParameterSet weights_;
  Optimizer optimizer_;
  TrainingState state_;
  int64_t steps_per_epoch_;
  Function gradient_, infer_;
  std::vector<const float*> gradients_;
  std::vector<Floats> mixed_; // sums of two gradients, where batches are mixed
  Progress progress_;
  EventFile events_;
};

} // namespace rvb::runtime
