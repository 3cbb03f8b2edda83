// Spikes in fixed point that met the limit of their layer: what they were beyond it is lost. Programs deployed with
// --spikes i32 or i16 carry @ranges, which computes what @infer does and shows what enters every binary layer.
#pragma once

#include "network/function.h"

namespace rvb::runtime {

class HeldSpikes {
public:
  explicit HeldSpikes(const Manifest& manifest) : manifest_(manifest), layers_(manifest.ranges.size()) {}
  // Whether the program has such spikes, and can show them.
  static bool counted(const Manifest& manifest);
  // What runs in place of "infer": the same kernels, to the same bits.
  static const char* function(const Manifest& manifest) { return counted(manifest) ? "ranges" : "infer"; }

  void add(const Function& ranges, int64_t samples); // after a run
  int64_t held() const;
  std::string text() const;            // a table; "" where nothing is counted
  std::string note() const;            // a sentence; "" where no spike was held
  nlohmann::ordered_json json() const; // null where nothing is counted

private:
  struct Count {
    int64_t spikes = 0, beyond = 0, held = 0; // not silent; larger than any of the calibration; at the limit
    double largest = 0;
  };
  const Manifest& manifest_;
  std::vector<Count> layers_;
  int64_t samples_ = 0;
};

} // namespace rvb::runtime
