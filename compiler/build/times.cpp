#include "build/times.h"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

namespace rvb::build {

namespace {

double milliseconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

} // namespace

void StageTimes::lap(const std::string& stage) {
  auto now = std::chrono::steady_clock::now();
  stages_.emplace_back(stage, milliseconds(now - last_));
  last_ = now;
}

void StageTimes::add(const KernelObjects& objects) {
  kernels_ = objects.times;
  cached_ = objects.cached;
}

double StageTimes::seconds() const {
  return milliseconds(std::chrono::steady_clock::now() - begin_) / 1000;
}

void StageTimes::print(std::ostream& out) const {
  out << "\nstages\n";
  for (const auto& [stage, time] : stages_)
    out << fmt::format("{:<20}{:>10.2f} ms\n", stage, time);
  out << fmt::format("{:<20}{:>10.2f} ms\n", "in all", milliseconds(last_ - begin_));
  if (kernels_.empty() && cached_ == 0)
    return;
  double sum = 0;
  for (const KernelTime& kernel : kernels_)
    sum += kernel.milliseconds;
  out << fmt::format("\nkernels: {} compiled, {:.1f} s in all, several at a time; {} found in the cache\n",
                     kernels_.size(), sum / 1000, cached_);
  std::vector<KernelTime> slowest = kernels_;
  std::sort(slowest.begin(), slowest.end(),
            [](const KernelTime& a, const KernelTime& b) { return a.milliseconds > b.milliseconds; });
  constexpr size_t most = 12;
  for (size_t i = 0; i < slowest.size() && i < most; ++i)
    out << fmt::format("{:>30.2f} ms  {}\n", slowest[i].milliseconds, slowest[i].name);
}

} // namespace rvb::build
