#include "data/dataset.h"

#include "base/failure.h"
#include "core/core.h"

#include <algorithm>
#include <cstring>
#include <exception>

namespace rvb::runtime {

const char* split_name(Split split) {
  return split == Split::train ? "train" : "test";
}

void check_flags(const DataSettings& settings, const std::vector<std::string>& heeded, const std::string& what) {
  for (const std::string& flag : settings.flags)
    if (std::find(heeded.begin(), heeded.end(), flag) == heeded.end())
      throw Failure(Exit::usage, flag + " belongs to " +
                                     (flag == "--resize" ? "picture files" : "recordings of events") + ": " + what +
                                     " is taken as it is");
}

void check_label(int64_t label, int64_t index, const Manifest& manifest, const std::string& path) {
  if (label < 0 || label >= manifest.classes)
    throw Failure(Exit::user, path + ": label " + std::to_string(label) + " of sample " + std::to_string(index) +
                                  "; `" + manifest.name + "` has classes 0 to " + std::to_string(manifest.classes - 1));
}

void Dataset::answer(int64_t index, int32_t* to) const {
  if (targets_.empty())
    *to = label(index);
  else
    std::memcpy(to, targets_.data() + index * numbers_, static_cast<size_t>(numbers_) * sizeof(float));
}

void Dataset::limit(int64_t count) {
  if (count > 0)
    count_ = std::min(count_, count);
}

nlohmann::ordered_json Dataset::provenance_json() const {
  return {{"format", provenance_.format}, {"part", provenance_.part}, {"partition", provenance_.partition},
          {"samples", provenance_.count}, {"used", count_},           {"split_hash", provenance_.split_hash},
          {"hash", provenance_.hash}};
}

void load_batch(const Dataset& dataset, const int64_t* samples, const Variation* variation, int64_t count,
                const Manifest& manifest, float* image, int32_t* labels) {
  int64_t pixels = manifest.pixels();
  // A failure must not leave the parallel loop; that of the first sample is told, whichever thread was faster.
  std::vector<std::exception_ptr> failures(static_cast<size_t>(count));
#pragma omp parallel for schedule(static) num_threads(rvb_team())
  for (int64_t i = 0; i < count; ++i) {
    try {
      dataset.read(samples[i], variation, image + i * pixels, count * pixels);
    } catch (...) {
      failures[static_cast<size_t>(i)] = std::current_exception();
    }
    if (labels != nullptr)
      dataset.answer(samples[i], labels + i * dataset.answer_size());
  }
  for (const std::exception_ptr& failure : failures)
    if (failure)
      std::rethrow_exception(failure);
}

} // namespace rvb::runtime
