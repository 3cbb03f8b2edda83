// Which samples train and which test, for data sets that do not say so or are to be divided in another way:
//   official           as the data set has it
//   random:0.2:7       every fifth sample at random tests, seed 7
//   first-hundred      the samples numbered 0 to 99 of each class test (CIFAR10-DVS, after TEBN)
//   file:PATH          lines `train NAME` and `test NAME`; a sample that is not named is left out
// All but the first divide the training part where a data set has an official test part, else everything.
#pragma once

#include "data/dataset.h"

namespace rvb::runtime {

struct Partition {
  enum class Kind { official, random, first_hundred, file } kind = Kind::official;
  double fraction = 0;
  uint64_t seed = 1;
  std::string path;
  bool official() const { return kind == Kind::official; }
};

Partition parse_partition(const std::string& text); // "": official; Failure(usage)

// The samples of the part, ascending. Empty `names`: samples are called by their number, from 0.
std::vector<int64_t> choose(const Partition& partition, Split split, const std::vector<std::string>& names,
                            const std::vector<int32_t>& labels);

} // namespace rvb::runtime
