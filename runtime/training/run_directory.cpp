#include "training/run_directory.h"

#include "base/failure.h"
#include "base/json_text.h"
#include "base/messages.h"
#include "base/retry.h"
#include "recipe/json.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace rvb::runtime {

using nlohmann::ordered_json;

namespace {

const char* const metadata_key = "rvb.training";

bool is_optimizer_file(const std::string& name) {
  return name.rfind("optimizer-", 0) == 0 && name.size() > 22 && name.substr(name.size() - 12) == ".safetensors";
}

std::string optimizer_file(int64_t step) {
  char name[64];
  std::snprintf(name, sizeof name, "optimizer-%09lld.safetensors", static_cast<long long>(step));
  return name;
}

} // namespace

RunDirectory::~RunDirectory() {
  if (folder_ >= 0)
    ::close(folder_);
}

// The lock is the folder's own, so that nothing remains when the process is killed. File systems without locks have
// none. What a process that was killed has left goes.
void RunDirectory::lock() {
  folder_ = retry([&] { return ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (folder_ < 0)
    throw Failure(Exit::io, "cannot open the folder " + path_ + ": " + std::strerror(errno));
  if (retry([&] { return ::flock(folder_, LOCK_EX | LOCK_NB); }) != 0 && errno == EWOULDBLOCK)
    throw Failure(Exit::usage, "another process is training in " + path_ + ": name another --run-dir");
  remove_leftovers(path_);
}

void RunDirectory::begin(const ordered_json& config) {
  make_folder(path_);
  lock();
  for (const std::string& path : {last(), best()})
    if (file_exists(path))
      throw Failure(Exit::usage,
                    path + " is there already: continue that run with --resume, or name another --run-dir");
  write_file(join(path_, "config.json"), json_text(config, 2) + "\n");
  write_file(join(path_, "metrics.jsonl"), "");
  metrics_.open(join(path_, "metrics.jsonl"));
}

void RunDirectory::resume(const Manifest& manifest, TrainingPlan& plan) {
  if (!file_exists(last()))
    throw Failure(Exit::io, "--resume: " + last() + " is missing: there is no run to continue in " + path_);
  lock();
  checkpoint_ = read_safetensors(last());
  const std::string* text = checkpoint_.find_metadata(metadata_key);
  if (text == nullptr)
    throw Failure(Exit::user, last() + " holds weights but no training state: start from it with --weights instead");
  try {
    training_ = parse_json(text->data(), text->size());
    plan = plan_from_json(training_.at("plan"));
    if (training_.at("source_hash") != manifest.source_hash)
      tell("note: {} comes from another version of the source\n", last());
  } catch (const recipe::Unknown& error) {
    throw Failure(Exit::user, last() + ": " + error.what());
  } catch (const nlohmann::json::exception& error) {
    throw Failure(Exit::user, last() + ": its training state is damaged: " + error.what());
  }
}

void RunDirectory::load(ParameterSet& weights, Optimizer& optimizer, TrainingState& state) {
  weights.load(checkpoint_, last());
  try {
    state = state_from_json(training_.at("state"));
    if (state.step < 0 || state.epoch < 0 || state.epoch_step < 0)
      throw Failure(Exit::user, last() + ": its training state is damaged: it has negative counts");
    const auto name = training_.at("optimizer").get<std::string>();
    std::string path = join(path_, name);
    if (!file_exists(path))
      throw Failure(Exit::io, path + " is missing: " + last() + " names it as its optimiser's state");
    optimizer.load(path);
    remove_optimizers_but(name); // a process that was killed may not have come to that
  } catch (const nlohmann::json::exception& error) {
    throw Failure(Exit::user, last() + ": its training state is damaged: " + error.what());
  }
  trim_metrics(state);
  metrics_.open(join(path_, "metrics.jsonl"));
}

// A run that was killed has logged steps and an epoch's end that it will now do again. A last line that was cut off
// goes too.
void RunDirectory::trim_metrics(const TrainingState& state) {
  std::string path = join(path_, "metrics.jsonl"), kept;
  if (!file_exists(path))
    return;
  Bytes bytes = read_file(path, "the metrics of the run");
  std::string line;
  for (uint8_t byte : bytes) {
    if (byte != '\n') {
      line += static_cast<char>(byte);
      continue;
    }
    ordered_json json = parse_json(line.data(), line.size());
    auto done = [&](const char* key, int64_t count) {
      return json.is_object() && json.contains(key) && json[key].is_number_integer() &&
             json[key].get<int64_t>() <= count;
    };
    // A line of a step has `step`, one of an epoch `steps`, and counts when the checkpoint is past its end.
    if (done("step", state.step) || (done("steps", state.step) && done("epoch", state.epoch)))
      kept += line + "\n";
    line.clear();
  }
  if (kept.size() != bytes.size())
    write_file(path, kept);
}

void RunDirectory::save(const Manifest& manifest, const ParameterSet& weights, const Optimizer& optimizer,
                        const TrainingPlan& plan, const TrainingState& state) {
  if (!weights.finite() || !optimizer.finite())
    throw Failure(
        Exit::user,
        "after step " + std::to_string(state.step) + " a weight is not finite: training has diverged; " +
            (file_exists(last()) ? "the checkpoint before it is kept in " + last() : "there is no earlier checkpoint") +
            "; try a lower --lr");
  const std::string file = optimizer_file(state.step);
  write_safetensors(join(path_, file), {optimizer.tensors(), {{"format", "pt"}}});
  ordered_json training = {{"schema", "rvb.training/1"},
                           {"source_hash", manifest.source_hash},
                           {"optimizer", file},
                           {"plan", plan.json()},
                           {"state", state.json()}};
  write_safetensors(last(), {weights.tensors(), {{"format", "pt"}, {metadata_key, json_text(training)}}});
  remove_optimizers_but(file);
}

void RunDirectory::remove_optimizers_but(const std::string& file) const {
  for (const std::string& name : files_in(path_))
    if (is_optimizer_file(name) && name != file)
      remove_file(join(path_, name));
}

void RunDirectory::replan(const ordered_json& config) {
  std::string path = join(path_, "config.json");
  ordered_json kept = config;
  if (file_exists(path)) {
    Bytes bytes = read_file(path, "the settings of the run");
    ordered_json before = parse_json(bytes.data(), bytes.size());
    if (before.is_object()) {
      kept = std::move(before);
      kept["plan"] = config["plan"];
    }
  }
  write_file(path, json_text(kept, 2) + "\n");
}

void RunDirectory::save_best(const Manifest& manifest, const ParameterSet& weights, const TrainingState& state) {
  ordered_json origin = {{"source_hash", manifest.source_hash},
                         {"epoch", state.best_epoch},
                         {manifest.regression ? "error" : "accuracy", state.best}};
  write_safetensors(best(), {weights.tensors(), {{"format", "pt"}, {"rvb.origin", json_text(origin)}}});
}

void RunDirectory::save_tested(const Manifest& manifest, const ParameterSet& weights, const TrainingState& state,
                               double reached) {
  ordered_json origin = {{"source_hash", manifest.source_hash},
                         {"epoch", state.epoch + 1},
                         {manifest.regression ? "error" : "accuracy", reached}};
  write_safetensors(tested(), {weights.tensors(), {{"format", "pt"}, {"rvb.origin", json_text(origin)}}});
}

void RunDirectory::log(const ordered_json& line) {
  metrics_.add(json_text(line) + "\n");
}

} // namespace rvb::runtime
