#include "training/validation.h"

#include "base/failure.h"
#include "base/hash.h"
#include "base/random.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fmt/format.h>

namespace rvb::runtime {

namespace {

// Some samples of another data set; `numbers` of a regression for each, 0: classes.
class Subset : public Dataset {
public:
  Subset(std::shared_ptr<const Dataset> all, std::vector<int64_t> chosen, const std::string& part,
         const std::string& rule, int64_t numbers)
      : all_(std::move(all)), chosen_(std::move(chosen)) {
    count_ = static_cast<int64_t>(chosen_.size());
    class_names_ = all_->class_names();
    std::vector<int32_t> answer(static_cast<size_t>(all_->answer_size()));
    numbers_ = numbers;
    for (int64_t index : chosen_) {
      if (numbers == 0) {
        labels_.push_back(all_->label(index));
        continue;
      }
      all_->answer(index, answer.data());
      const float* values = reinterpret_cast<const float*>(answer.data());
      targets_.insert(targets_.end(), values, values + numbers);
    }
    provenance_ = all_->provenance();
    provenance_.part = part;
    provenance_.partition += " validate:" + rule;
    provenance_.count = count_;
    for (std::string* hash : {&provenance_.split_hash, &provenance_.hash})
      *hash = hash_text(hash_bytes(chosen_.data(), chosen_.size() * sizeof(int64_t), hash_bytes(*hash + part)));
  }

  void read(int64_t index, const Variation* variation, float* to, int64_t frame_stride) const override {
    all_->read(chosen_[static_cast<size_t>(index)], variation, to, frame_stride);
  }

private:
  std::shared_ptr<const Dataset> all_;
  std::vector<int64_t> chosen_;
};

} // namespace

std::string Validation::text() const {
  return wanted() ? fmt::format("{}:{}", fraction, seed) : "";
}

Validation parse_validation(const std::string& text) {
  Validation result;
  if (text.empty())
    return result;
  const char* at = text.c_str();
  char* end = nullptr;
  result.fraction = std::strtod(at, &end);
  bool good = end != at && result.fraction >= 0 && result.fraction < 1;
  if (good && *end == ':' && end[1] >= '0' && end[1] <= '9')
    result.seed = std::strtoull(end + 1, &end, 10);
  if (!good || *end != 0)
    throw Failure(Exit::usage, "--validate is `" + text +
                                   "`; expected the share of the training samples to keep for validation, and a seed "
                                   "if you like: 0.1 or 0.1:7; 0 for none");
  return result;
}

Divided divide(std::unique_ptr<Dataset> samples, const Validation& validation, const Manifest& manifest) {
  const std::shared_ptr<const Dataset> all = std::move(samples);
  std::vector<std::vector<int64_t>> classes(static_cast<size_t>(manifest.regression ? 1 : manifest.classes));
  for (int64_t i = 0; i < all->count(); ++i)
    classes[manifest.regression ? 0 : static_cast<size_t>(all->label(i))].push_back(i);
  std::vector<bool> kept(static_cast<size_t>(all->count()), false);
  for (size_t label = 0; label < classes.size(); ++label) {
    const auto count = static_cast<int64_t>(classes[label].size());
    if (count < 2)
      continue;
    const auto share =
        std::clamp<int64_t>(std::llround(validation.fraction * static_cast<double>(count)), 1, count - 1);
    // The class stands where an epoch does: 0 is that of --partition random.
    const std::vector<int64_t> order =
        permutation(validation.seed, static_cast<uint32_t>(label) + 1, count, Draw::partition);
    for (int64_t i = 0; i < share; ++i)
      kept[static_cast<size_t>(classes[label][static_cast<size_t>(order[static_cast<size_t>(i)])])] = true;
  }
  std::vector<int64_t> parts[2];
  for (int64_t i = 0; i < all->count(); ++i)
    parts[kept[static_cast<size_t>(i)] ? 1 : 0].push_back(i);
  if (parts[0].empty() || parts[1].empty())
    throw Failure(Exit::user,
                  fmt::format("--validate {}: of {} training samples nothing is left for {}", validation.text(),
                              all->count(), parts[1].empty() ? "validation" : "training"));
  const std::string rule = validation.text();
  const int64_t numbers = manifest.regression ? manifest.classes : 0;
  return {std::make_unique<Subset>(all, std::move(parts[0]), "train", rule, numbers),
          std::make_unique<Subset>(all, std::move(parts[1]), "validation", rule, numbers)};
}

} // namespace rvb::runtime
