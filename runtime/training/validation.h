// A validation part: samples of the training part that choose the best epoch and train nothing, so that the test part
// is left for the end.
#pragma once

#include "data/dataset.h"

namespace rvb::runtime {

struct Validation {
  double fraction = 0; // 0: none
  uint64_t seed = 1;
  bool wanted() const { return fraction > 0; }
  std::string text() const; // "0.1:1"; "" for none
};
Validation parse_validation(const std::string& text); // FRACTION[:SEED], 0 for none; Failure(usage)

struct Divided {
  std::unique_ptr<Dataset> train, validation;
};
// Of each class, round(fraction * its samples) drawn by the seed, at least one and not all; none of a class of one.
// Samples stay in their order, and vary (augmentation) as without a validation part. Failure(user) when nothing would
// be left for one of the two.
Divided divide(std::unique_ptr<Dataset> samples, const Validation& validation, const Manifest& manifest);

} // namespace rvb::runtime
