// An HDF5 file as a value: every data set of numbers or texts by its path. Damaged files can bring libhdf5 down, so a
// child reads.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace rvb::importing::nir {

struct Entry {
  bool text = false;
  std::vector<int64_t> shape;
  std::vector<double> numbers;    // row-major
  std::vector<std::string> texts; // the same of a text
};
using Tree = std::map<std::string, Entry>; // "node/nodes/conv/weight"

// Failure(user) names the file and what is wrong; Failure(io) where libhdf5 is missing.
Tree read_tree(const std::string& path);

} // namespace rvb::importing::nir
