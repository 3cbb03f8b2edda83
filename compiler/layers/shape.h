// The shape of a tensor as the user sees it: for one sample and one time step, [C, H, W], [features] or any
// other dimensions, the channels first.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rvb::layers {

using Shape = std::vector<int64_t>;

// What flows between layers.
struct Tensor {
  Shape shape;
  bool has_time = true;  // false after mean_over_time
  bool has_batch = true; // false of what is learned: one for all samples
  bool truth = false;    // truth values, of comparisons; else numbers
  bool operator==(const Tensor& other) const {
    return shape == other.shape && has_time == other.has_time && has_batch == other.has_batch && truth == other.truth;
  }
};

// Of a tensor of one sample, all steps together, and of one parameter: kernels count bytes in 32 bits, borders and
// copies included.
constexpr int64_t most_elements = int64_t(1) << 28;

std::string text_of(const Shape& shape);   // "[3, 32, 32]"
std::string text_of(const Tensor& tensor); // "[10] without time"; "[] for all samples"
int64_t elements(const Shape& shape);      // saturates above most_elements

} // namespace rvb::layers
