// IDX, the format of MNIST: big-endian magic number and extents, then bytes.
#pragma once

#include "files.h"

#include <string>

namespace rvb::runtime {

struct IdxArray {
  std::vector<int64_t> shape;
  Bytes values;
};

// Failure(user) names `path`. `rank`: 3 for images [N, H, W], 1 for labels [N].
IdxArray parse_idx(Bytes bytes, int rank, const std::string& path);
IdxArray read_idx(const std::string& path, int rank); // unpacks gzip

} // namespace rvb::runtime
