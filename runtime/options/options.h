// The command line as values, and what every command gets.
#pragma once

#include "network/network.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace rvb::runtime {

struct Options {
  // what goes in
  std::string data, input, labels, weights, split = "test";
  std::string strip_prefix;                 // of the weights' names
  std::string partition, frames, time_unit; // of --data; "": the data set's, the recipe's
  int64_t resize = 0;                       // of pictures; 0: the recipe's
  bool of_run = false;                      // those are of the run that is looked at, not of the command line
  int64_t limit = 0;                        // 0: all samples
  // what comes out
  std::string output, compare;
  double tolerance = 1e-4; // of verify
  std::string layer;       // of trace
  int64_t sample = 0;
  bool json = false, quiet = false, energy = false, entropy = false, stream = false;
  bool mirror = false; // of eval: the mean over each image and its mirror image
  int64_t top = 0;
  std::string format;         // of bench: table, json, jsonl, csv, md; of trace: svg, npz, nirdata
  std::string figures;        // of report: the folder they go to
  double step_seconds = 1e-4; // of trace
  double min_accuracy = -1;
  double progress = 1;
  // how it runs
  std::string threads; // "", "auto" or a number
  std::optional<int64_t> batch;
  std::optional<uint64_t> seed;
  // training; what is not given comes from the recipe, or from the run that is resumed
  std::optional<int64_t> epochs, steps;
  std::optional<double> rate, momentum, weight_decay;
  std::optional<std::string> schedule, optimizer;
  std::vector<std::string> augment, rates, decays;
  std::vector<std::string> fresh;                     // layers that do not begin with --weights
  std::vector<std::function<void(Recipe&)>> settings; // of recipe/settings.def, in their order on the line
  bool no_shuffle = false, no_augment = false, resume = false;
  int64_t log_every = 0, save_every = 0;
  std::string validate; // FRACTION[:SEED]
  std::string run_dir, tensorboard;
  // sweep
  std::vector<std::string> grid, passed; // NAME=A,B; what goes to every `train`
  // bench
  bool train = false;
  std::vector<std::string> batches, thread_list; // numbers
  int64_t repeats = 10;
  double seconds = 1;
};

struct Context : Network {
  const Options& options;
};

} // namespace rvb::runtime
