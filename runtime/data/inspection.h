// A data set looked through before it is learned from: every file is decoded, and what is damaged is listed instead of
// ending it.
#pragma once

#include "base/failure.h"
#include "data/dataset.h"

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace rvb::runtime {

// Smallest, largest and sum of a measure over the samples.
struct Measure {
  int64_t count = 0, least = 0, most = 0;
  double sum = 0;
  void add(int64_t value);
  double mean() const { return count == 0 ? 0 : sum / static_cast<double>(count); }
};

class Inspection {
public:
  // Runs work() for sample `index`, of any thread; a Failure is noted.
  template <class Work> void look(size_t index, const std::string& name, Work&& work) {
    try {
      work();
    } catch (const Failure& failure) {
      const std::lock_guard<std::mutex> lock(mutex_);
      damaged_.push_back({index, name, failure.what()});
    }
  }
  void add_recording(int64_t events, int64_t microseconds);
  void add_picture(int64_t height, int64_t width);

  struct Damage {
    size_t index;
    std::string name, why;
  };
  std::vector<Damage> damaged() const; // in the order of the samples

  Measure events, microseconds, heights, widths;

private:
  std::mutex mutex_;
  std::vector<Damage> damaged_;
};

// The samples of a part by their labels alone: they were looked at and are not kept.
std::unique_ptr<Dataset> listed(std::vector<int32_t> labels, std::vector<std::string> class_names,
                                const Provenance& provenance);

} // namespace rvb::runtime
