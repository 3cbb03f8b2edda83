// Where a compilation's time goes: --time-passes.
#pragma once

#include "build/objects.h"

#include <chrono>
#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

namespace rvb::build {

class StageTimes {
public:
  StageTimes() : begin_(std::chrono::steady_clock::now()), last_(begin_) {}

  void lap(const std::string& stage); // what passed since the last lap was this stage
  void add(const KernelObjects& objects);
  void print(std::ostream& out) const; // the stages, and the kernels that took longest
  double seconds() const;              // until now

private:
  std::chrono::steady_clock::time_point begin_, last_;
  std::vector<std::pair<std::string, double>> stages_; // milliseconds
  std::vector<KernelTime> kernels_;
  int cached_ = 0;
};

} // namespace rvb::build
