// IDX, the format of MNIST: big-endian magic number and extents, then bytes; also gzipped.
#pragma once

#include "files/gzip.h"

#include <memory>
#include <string>

namespace rvb::runtime {

// Its header is read first: there is memory for the values once the caller has seen how many there should be.
// Failure(user) names `path`. `rank`: 3 for images [N, H, W], 1 for labels [N].
class IdxFile {
public:
  IdxFile(const std::string& path, int rank);
  IdxFile(Bytes file, int rank, const std::string& path); // `path` is for messages
  const std::vector<int64_t>& shape() const { return shape_; }
  Bytes values();

private:
  void read_header(const uint8_t* bytes, size_t size, int rank);
  void begin(int rank);
  void check_count(uint64_t there) const;
  [[noreturn]] void fail(const std::string& text) const;

  std::string path_;
  Bytes file_;
  std::unique_ptr<Unpacker> unpacker_; // null when the file is not packed
  std::vector<int64_t> shape_;
  size_t header_ = 0;
  uint64_t count_ = 1;
};

} // namespace rvb::runtime
