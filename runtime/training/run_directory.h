// The folder of a training run:
//   last.safetensors       the weights, as PyTorch loads them; plan, state and the optimiser file's name as metadata
//   optimizer-STEP.safetensors  what the optimiser remembers (optimizer.h)
//   best.safetensors       the weights of the best epoch so far, as they were tested
//   tested.safetensors     what the last epoch was tested with, where it is not last.safetensors: averages
//   metrics.jsonl, config.json
// The optimiser's file is written under a new name first, then last.safetensors, which names it, replaces its
// predecessor, then the older optimiser file goes: whenever the program is killed, the folder holds a whole checkpoint.
#pragma once

#include "base/files.h"
#include "optimizers/optimizer.h"
#include "training/training_state.h"

#include <string>

namespace rvb::runtime {

class RunDirectory {
public:
  explicit RunDirectory(std::string path) : path_(std::move(path)) {}
  const std::string& path() const { return path_; }
  std::string last() const { return join(path_, "last.safetensors"); }
  std::string best() const { return join(path_, "best.safetensors"); }
  std::string tested() const { return join(path_, "tested.safetensors"); }

  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

  // Both fail (usage) while another process trains in the folder: it belongs to one run until this object is gone.
  // A new run: Failure(usage) when weights of another run lie there.
  void begin(const nlohmann::ordered_json& config);
  // Goes on: fills everything from the checkpoint and drops the lines of metrics.jsonl that are newer than it.
  void resume(const Manifest& manifest, TrainingPlan& plan);
  void load(ParameterSet& weights, Optimizer& optimizer, TrainingState& state);

  // config.json, when a run goes on with another plan: the samples it began with stay.
  void replan(const nlohmann::ordered_json& config);

  // Failure(user) without writing anything when a weight is not finite.
  void save(const Manifest& manifest, const ParameterSet& weights, const Optimizer& optimizer, const TrainingPlan& plan,
            const TrainingState& state);
  void save_best(const Manifest& manifest, const ParameterSet& weights, const TrainingState& state);
  // What the epoch that ends was tested with.
  void save_tested(const Manifest& manifest, const ParameterSet& weights, const TrainingState& state, double accuracy);
  void log(const nlohmann::ordered_json& line);

private:
  void lock();
  void remove_optimizers_but(const std::string& file) const;
  void trim_metrics(const TrainingState& state);
  std::string path_;
  int folder_ = -1; // locked
  Safetensors checkpoint_;
  nlohmann::ordered_json training_;
  GrowingFile metrics_;
};

} // namespace rvb::runtime
