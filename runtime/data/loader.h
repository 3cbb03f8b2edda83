// Batches, fetched ahead by the loader's threads while the network computes. What is fetched is a function of the
// sample and the epoch, so that neither the number of threads nor their luck shows in the result.
#pragma once

#include "data/dataset.h"

#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace rvb::runtime {

class Loader {
public:
  // Batches of `batch` samples of `order` (the last one may be smaller), from number `first_batch` on. Dataset and
  // manifest must outlive this.
  Loader(const Dataset& dataset, const Manifest& manifest, std::vector<int64_t> order, int64_t batch,
         std::optional<Variation> variation, int64_t first_batch = 0);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  // The next batch as load_batch would give it; its size, 0 after the last one. A failure is that of the first sample
  // in the batch that has one.
  int64_t next(float* image, int32_t* labels);

private:
  struct Slot {
    std::vector<float> image;
    int64_t missing = 0; // samples that are not there yet
    int64_t failed = 0;  // the place of the failure
    std::exception_ptr failure;
  };
  int64_t size_of(int64_t batch) const;
  void work();
  void fetch(std::unique_lock<std::mutex>& lock); // locked, before and after

  const Dataset& dataset_;
  const Manifest& manifest_;
  std::vector<int64_t> order_;
  int64_t batch_, batches_;
  std::optional<Variation> variation_;
  std::mutex mutex_;
  std::condition_variable room_, ready_;
  std::vector<Slot> slots_;
  int64_t filling_, sample_ = 0; // the next sample to fetch
  int64_t taking_;               // the batch that next() gives
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

} // namespace rvb::runtime
