// NumPy's .npy: format versions 1 to 3, either byte order, either memory order.
#pragma once

#include "base/failure.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace rvb::runtime {

struct NpyArray {
  std::vector<int64_t> shape;
  bool integers = false;      // what the file holds: integers (and bool), or floating point
  std::vector<float> values;  // row-major, when floating point (f2, f4, f8)
  std::vector<int64_t> whole; // row-major, when integers (i1 … u8, b1)
};

struct NpyLayout {
  std::vector<int64_t> shape;
  bool integers = false, fortran = false;
  int width = 4; // bytes a number
};

// Failure(user) names `path` and what is wrong; Failure(io) when the file cannot be read. The header is held against
// the size of the file, and shown to `look`, before anything else is read. `wanted` says what was expected.
NpyArray read_npy(const std::string& path, const std::function<void(const NpyLayout&)>& look = nullptr,
                  const std::string& wanted = "an array in NPY format (numpy.save), which begins with NUMPY");
NpyArray parse_npy(const uint8_t* bytes, size_t size, const std::string& path);

// Numbers that are read from the file's bytes, which stay, when they are asked for: element i in row-major order, with
// every bit that it has in the file. The whole array is there.
struct NpyNumbers {
  std::vector<int64_t> shape;
  uint64_t count = 0;
  std::function<long double(uint64_t)> value;
};
NpyNumbers npy_numbers(const uint8_t* bytes, size_t size, const std::string& path);

// For arrays that are read piece by piece. `bytes` begins with the whole header.
NpyLayout parse_npy_layout(const uint8_t* bytes, size_t size, const std::string& path);
// The bytes of the whole file by its header; 0 when it is none that is read.
uint64_t npy_file_size(const uint8_t* bytes, size_t size);
// The header, then the numbers of a part of the array; `shape` is the part's.
NpyArray parse_npy_part(const uint8_t* bytes, size_t size, const std::vector<int64_t>& shape, const std::string& path);

std::string print_npy(const std::vector<int64_t>& shape, const float* values);
void write_npy(const std::string& path, const std::vector<int64_t>& shape, const float* values); // atomically

} // namespace rvb::runtime
