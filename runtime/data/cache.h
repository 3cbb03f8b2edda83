// Decoded samples in one file that is mapped into memory: what takes long to decode is decoded once. A file is named
// and found by everything that its contents depend on (the key), so that it can never be stale; it gets its name when
// it is whole, so that it can never be half written.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace rvb::runtime {

// RVB_CACHE_DIR, $XDG_CACHE_HOME/rvb or ~/.cache/rvb, as rvbc has it; "" when none of them is set.
std::string cache_folder();

// The folder of decoded samples stays below this; what was not used for longest goes first. RVB_DATA_CACHE_SIZE (8GiB,
// 500MB), else 16 GiB. Failure(usage).
int64_t data_cache_limit();

struct CachedSamples {
  const uint8_t* data = nullptr; // samples, one after the other
  std::shared_ptr<const void> owner;
  int64_t element_bytes = 1;        // 1 and 2: integers, 4: float
  std::string hash;                 // 16 hex over the samples
  std::vector<std::string> remarks; // what was to be said about them, kept with them
  // Called before sample N is used: Failure(io) when the file has changed since it was written. None in memory.
  std::function<void(int64_t)> check;
};

// Where samples go while they are decoded, from several threads.
class SampleSink {
public:
  virtual ~SampleSink() = default;
  virtual void put(int64_t sample, const void* data) = 0; // sample_elements * element_bytes
  int64_t element_bytes = 1;
  std::vector<std::string> remarks; // set by what fills the sink, at its end
};
// Thrown by what fills a sink when a value does not fit its elements: it is called again with wider ones.
struct WiderElements {};

// `what` is for messages: "1000 recordings of DIR". Without a folder that can be written the samples stay in memory.
CachedSamples cached_samples(const std::string& key, const std::string& what, int64_t count, int64_t sample_elements,
                             const std::function<void(SampleSink&)>& fill);

} // namespace rvb::runtime
