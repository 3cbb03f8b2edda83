#include "evaluation/errors.h"

#include <cmath>

namespace rvb::runtime {

void Errors::add(const float* returned, const float* wanted, int64_t samples) {
  for (int64_t i = 0; i < samples; ++i) {
    ++count_;
    for (Sums& sums : sums_) {
      const double value = *wanted++, off = *returned++ - value;
      sums.squared += off * off;
      sums.absolute += std::fabs(off);
      const double before = value - sums.mean; // Welford, 1962
      sums.mean += before / static_cast<double>(count_);
      sums.around += before * (value - sums.mean);
    }
  }
}

double Errors::squared(int64_t number) const {
  return count_ == 0 ? 0 : sums_[static_cast<size_t>(number)].squared / static_cast<double>(count_);
}

double Errors::absolute(int64_t number) const {
  return count_ == 0 ? 0 : sums_[static_cast<size_t>(number)].absolute / static_cast<double>(count_);
}

double Errors::squared() const {
  double sum = 0;
  for (int64_t k = 0; k < numbers(); ++k)
    sum += squared(k);
  return sum / static_cast<double>(numbers());
}

double Errors::absolute() const {
  double sum = 0;
  for (int64_t k = 0; k < numbers(); ++k)
    sum += absolute(k);
  return sum / static_cast<double>(numbers());
}

double Errors::explained(int64_t number) const {
  const Sums& sums = sums_[static_cast<size_t>(number)];
  return sums.around > 0 ? 1 - sums.squared / sums.around : std::nan("");
}

} // namespace rvb::runtime
