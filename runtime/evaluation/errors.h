// How far numbers that a network returns are from those of the data: what an evaluation of a regression sums up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rvb::runtime {

class Errors {
public:
  explicit Errors(int64_t numbers) : sums_(static_cast<std::size_t>(numbers)) {}
  void add(const float* returned, const float* wanted, int64_t samples); // [samples, numbers] each
  int64_t numbers() const { return static_cast<int64_t>(sums_.size()); }
  int64_t count() const { return count_; } // of samples

  double squared() const;  // the mean over samples and numbers of (returned - wanted)^2
  double absolute() const; // that of |returned - wanted|
  double squared(int64_t number) const;
  double absolute(int64_t number) const;
  // R^2, the share of a number's variance over the samples that is explained; 0 is what always returning the mean
  // gives. NaN where the data's number is always the same.
  double explained(int64_t number) const;

private:
  struct Sums {
    double squared = 0, absolute = 0;
    double mean = 0, around = 0; // of the data's number: its mean so far, and the sum of squares around it
  };
  std::vector<Sums> sums_;
  int64_t count_ = 0;
};

} // namespace rvb::runtime
