// A sweep: training runs over every combination of some settings, and what is shown of them.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace rvb::runtime {

struct SweepRun {
  std::vector<std::pair<std::string, std::string>> settings; // in the order of the grid
  std::string folder;
  int exit = -1;                              // of the program that trained; -1: not run yet
  std::vector<nlohmann::ordered_json> epochs; // lines of metrics.jsonl

  std::string name() const; // "lr=0.1,seed=1"
  bool of_numbers() const;  // a regression, which has errors and no accuracies
  double best() const;      // accuracy or mean squared error; below 0 without an epoch
};

// Runs that differ in their seed alone: mean and deviation (of a sample) of the best accuracy or error.
struct SweepGroup {
  std::string name;
  int64_t runs = 0;
  double mean = 0, deviation = 0;
  bool error = false; // not accuracies
};
std::vector<SweepGroup> groups_of(const std::vector<SweepRun>& runs);

nlohmann::ordered_json sweep_json(const std::string& network, const std::vector<std::string>& passed,
                                  const std::vector<SweepRun>& runs);
std::string sweep_text(const std::vector<SweepRun>& runs);
std::string sweep_page(const std::string& network, const std::vector<std::string>& passed,
                       const std::vector<SweepRun>& runs);

} // namespace rvb::runtime
