// NumPy's .npy: format versions 1 to 3, either byte order, either memory order.
#pragma once

#include "failure.h"

#include <cstdint>
#include <string>
#include <vector>

namespace rvb::runtime {

struct NpyArray {
  std::vector<int64_t> shape;
  bool integers = false;      // what the file holds: whole numbers (and bool), or floating point
  std::vector<float> values;  // row-major, when floating point (f2, f4, f8)
  std::vector<double> wide;   // instead, when they are asked for as float64 has them
  std::vector<int64_t> whole; // row-major, when whole numbers (i1 … u8, b1)
};

// Failure(user) names `path` and what is wrong; Failure(io) when the file cannot be read.
NpyArray read_npy(const std::string& path);
NpyArray parse_npy(const uint8_t* bytes, size_t size, const std::string& path, bool wide = false);

// For arrays that are read piece by piece. `bytes` begins with the whole header.
struct NpyLayout {
  std::vector<int64_t> shape;
  bool integers = false, fortran = false;
  int width = 4; // bytes a number
};
NpyLayout parse_npy_layout(const uint8_t* bytes, size_t size, const std::string& path);
// The header, then the numbers of a part of the array; `shape` is the part's.
NpyArray parse_npy_part(const uint8_t* bytes, size_t size, const std::vector<int64_t>& shape, const std::string& path);

std::string print_npy(const std::vector<int64_t>& shape, const float* values);
void write_npy(const std::string& path, const std::vector<int64_t>& shape, const float* values); // atomically

} // namespace rvb::runtime
