// sweep: trains with every combination of some settings. Each run is a process of this program with a folder of its
// own, and goes on where it was stopped when the sweep is started again.
#include "commands/commands.h"

#include "base/failure.h"
#include "base/files.h"
#include "base/interrupt.h"
#include "base/json_text.h"
#include "base/messages.h"
#include "drawing/sweep.h"
#include "options/arguments.h"
#include "options/declare.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace rvb::runtime {

namespace {

using nlohmann::ordered_json;

constexpr size_t most_runs = 10000;

struct Axis {
  std::string name;
  std::vector<std::string> values;
};

// "1..3"; nothing when it is no range.
std::vector<std::string> range_of(const std::string& word) {
  const size_t dots = word.find("..");
  if (dots == std::string::npos || dots == 0)
    return {};
  char* end = nullptr;
  const long long first = std::strtoll(word.c_str(), &end, 10);
  if (end != word.c_str() + dots)
    return {};
  const long long last = std::strtoll(word.c_str() + dots + 2, &end, 10);
  if (*end != 0 || end == word.c_str() + dots + 2 || last < first || last - first >= static_cast<long long>(most_runs))
    throw Failure(Exit::usage, "--grid: `" + word + "` is no range of integers such as 1..3");
  std::vector<std::string> values;
  for (long long value = first; value <= last; ++value)
    values.push_back(std::to_string(value));
  return values;
}

Axis axis_of(const std::string& word, const std::vector<std::string>& known) {
  const size_t equals = word.find('=');
  if (equals == std::string::npos || equals == 0)
    throw Failure(Exit::usage,
                  "--grid is `" + word + "`; expected a flag of train and its values, such as lr=0.1,0.02");
  Axis axis{word.substr(0, equals), {}};
  if (std::find(known.begin(), known.end(), axis.name) == known.end())
    throw Failure(Exit::usage,
                  "--grid: train has no flag `" + axis.name + "` with a value" + suggestion(axis.name, known));
  Arguments splitter;
  std::vector<std::string> words;
  splitter.words("grid", 0, "A,B", words, "");
  splitter.parse({"--grid=" + word.substr(equals + 1)});
  for (const std::string& each : words) {
    const std::vector<std::string> range = range_of(each);
    axis.values.insert(axis.values.end(), range.begin(), range.end());
    if (range.empty())
      axis.values.push_back(each);
  }
  for (const std::string& value : axis.values)
    if (std::count(axis.values.begin(), axis.values.end(), value) > 1)
      throw Failure(Exit::usage, "--grid: " + axis.name + " has `" + value + "` twice");
  return axis;
}

std::vector<SweepRun> runs_of(const std::vector<Axis>& axes, const std::string& folder) {
  std::vector<SweepRun> runs(1);
  for (const Axis& axis : axes) {
    std::vector<SweepRun> longer;
    if (runs.size() * axis.values.size() > most_runs)
      throw Failure(Exit::usage, fmt::format("--grid: these are more than {} runs", most_runs));
    for (const SweepRun& run : runs)
      for (const std::string& value : axis.values) {
        longer.push_back(run);
        longer.back().settings.emplace_back(axis.name, value);
      }
    runs = std::move(longer);
  }
  for (SweepRun& run : runs) {
    std::string name = run.name();
    std::replace(name.begin(), name.end(), '/', '_');
    run.folder = join(folder, name);
  }
  return runs;
}

void read_epochs(SweepRun& run) {
  run.epochs.clear();
  const std::string path = join(run.folder, "metrics.jsonl");
  if (!file_exists(path))
    return;
  const Bytes bytes = read_file(path, "the metrics of a run");
  std::string line;
  for (const uint8_t byte : bytes) {
    if (byte != '\n') {
      line += static_cast<char>(byte);
      continue;
    }
    ordered_json json = ordered_json::parse(line, nullptr, false);
    line.clear();
    bool sound = json.is_object() && json.value("kind", "") == "epoch";
    for (const char* key : {"epoch", "best_epoch", "train_loss"})
      sound = sound && json.contains(key) && json[key].is_number();
    const auto number = [&](const char* key) { return json.contains(key) && json[key].is_number(); };
    sound = sound && (number("best_error") || (number("best_accuracy") && number("train_accuracy")));
    if (sound)
      run.epochs.push_back(std::move(json));
  }
}

// Whether its folder says that nothing remains to be done.
bool complete(const SweepRun& run) {
  const std::string path = join(run.folder, "config.json");
  if (run.epochs.empty() || !file_exists(path))
    return false;
  const Bytes bytes = read_file(path, "the settings of a run");
  const ordered_json config = ordered_json::parse(bytes.begin(), bytes.end(), nullptr, false);
  const ordered_json::json_pointer epochs("/plan/epochs");
  return config.is_object() && config.contains(epochs) && config[epochs].is_number() &&
         run.epochs.back()["epoch"].get<int64_t>() >= config[epochs].get<int64_t>();
}

// In a separate process group: Ctrl-C comes here, and goes to the child once; a second one would end it unsaved.
int run_child(const std::vector<std::string>& words, const std::string& log) {
  std::vector<char*> pointers;
  for (const std::string& word : words)
    pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  posix_spawn_file_actions_adddup2(&files, 1, 2);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, 0);
  pid_t child = 0;
  const int failed = posix_spawn(&child, "/proc/self/exe", &files, &attributes, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0)
    throw Failure(Exit::io, "a run cannot be started (" + log + "): " + std::strerror(failed));
  int status = 0;
  bool told = false;
  while (::waitpid(child, &status, WNOHANG) != child) {
    if (interrupted() && !told) {
      ::kill(child, SIGINT);
      told = true;
    }
    ::usleep(20000);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// The last line of a log, for a run that failed.
std::string last_line(const std::string& path) {
  if (!file_exists(path))
    return "";
  const Bytes bytes = read_file(path, "the log of a run");
  std::string line, last;
  for (const uint8_t byte : bytes) {
    if (byte == '\n') {
      last = line.empty() || line.rfind("see --help", 0) == 0 ? last : line;
      line.clear();
    } else {
      line += static_cast<char>(byte);
    }
  }
  return last;
}

std::vector<std::string> command_of(const std::string& program, const SweepRun& run,
                                    const std::vector<std::string>& passed) {
  const bool resume = file_exists(join(run.folder, "last.safetensors"));
  std::vector<std::string> words = {program, "train", "--quiet", "--run-dir", run.folder};
  if (resume)
    words.push_back("--resume");
  for (size_t i = 0; i < passed.size(); ++i) {
    const std::string& word = passed[i];
    const bool weights = word == "-w" || word == "--weights"; // a run that goes on has its own
    if (resume && (weights || word.rfind("--weights=", 0) == 0))
      i += weights ? 1 : 0;
    else
      words.push_back(word);
  }
  for (const auto& [name, value] : run.settings)
    if (!resume || name != "weights")
      words.push_back("--" + name + "=" + value);
  return words;
}

// A sweep goes on with the flags it began with; its grid may grow.
void check_flags(const std::string& path, const std::vector<std::string>& passed) {
  if (!file_exists(path))
    return;
  const Bytes bytes = read_file(path, "a sweep");
  const ordered_json before = ordered_json::parse(bytes.begin(), bytes.end(), nullptr, false);
  if (before.is_object() && before.contains("train") && before["train"] != ordered_json(passed))
    throw Failure(Exit::usage,
                  path + " is a sweep with other flags (" + json_text(before["train"]) + "): name another --run-dir");
}

} // namespace

int run_sweep(const Context& context) {
  const Options& options = context.options;
  check_cpu(context.program);
  require(!options.grid.empty(), "--grid NAME=A,B");
  Options unused;
  Arguments train;
  declare_train(train, unused, false);
  std::vector<std::string> known = train.names();
  for (const char* name : {"run-dir", "tensorboard", "min-acc"})
    known.erase(std::remove(known.begin(), known.end(), name), known.end());
  std::vector<Axis> axes;
  for (const std::string& word : options.grid) {
    axes.push_back(axis_of(word, known));
    for (size_t i = 0; i + 1 < axes.size(); ++i)
      if (axes[i].name == axes.back().name)
        throw Failure(Exit::usage, "--grid names " + axes[i].name + " twice");
  }
  const std::string folder = options.run_dir.empty() ? "runs/" + context.manifest.name + "-sweep" : options.run_dir;
  const std::string summary = join(folder, "sweep.json");
  std::vector<SweepRun> runs = runs_of(axes, folder);
  make_folder(folder);
  check_flags(summary, options.passed);

  const auto write = [&] {
    write_file(summary, json_text(sweep_json(context.manifest.name, options.passed, runs), 2) + "\n");
    write_file(join(folder, "sweep.html"), sweep_page(context.manifest.name, options.passed, runs));
  };
  watch_interrupts();
  bool failed = false;
  for (size_t i = 0; i < runs.size() && !interrupted(); ++i) {
    SweepRun& run = runs[i];
    const std::string log = run.folder + ".log";
    read_epochs(run);
    if (complete(run)) {
      run.exit = 0;
      continue;
    }
    tell("run {} of {}: {}\n", i + 1, runs.size(), run.name());
    run.exit = run_child(command_of(context.manifest.name, run, options.passed), log);
    read_epochs(run);
    write();
    if (run.exit == static_cast<int>(Exit::usage)) // the others would say the same
      throw Failure(Exit::usage, "train: " + last_line(log));
    if (run.exit != 0 && run.exit != static_cast<int>(Exit::interrupted)) {
      failed = true;
      tell("it ended with {}: {}\n", run.exit, last_line(log));
    }
  }
  write();
  print(options.json ? json_text(sweep_json(context.manifest.name, options.passed, runs)) + "\n" : sweep_text(runs));
  if (interrupted()) {
    tell("interrupted: the same command goes on\n");
    return static_cast<int>(Exit::interrupted);
  }
  return static_cast<int>(failed ? Exit::user : Exit::ok);
}

} // namespace rvb::runtime
