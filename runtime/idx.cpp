#include "idx.h"

#include "failure.h"
#include "gzip.h"

namespace rvb::runtime {

namespace {

uint32_t big_endian(const uint8_t* bytes) {
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
}

} // namespace

IdxArray parse_idx(Bytes bytes, int rank, const std::string& path) {
  auto fail = [&](const std::string& text) { throw Failure(Exit::user, path + ": not a valid IDX file: " + text); };
  size_t header = 4 + 4 * static_cast<size_t>(rank);
  if (bytes.size() < header)
    fail("it has " + std::to_string(bytes.size()) + " bytes, the header takes " + std::to_string(header));
  uint32_t expected = 0x0800u + static_cast<uint32_t>(rank);
  if (big_endian(bytes.data()) != expected)
    fail("it does not begin with " + std::string(rank == 3 ? "0x00000803 (images)" : "0x00000801 (labels)"));
  IdxArray array;
  uint64_t count = 1;
  for (int i = 0; i < rank; ++i) {
    uint32_t extent = big_endian(bytes.data() + 4 + 4 * i);
    array.shape.push_back(extent);
    if (__builtin_mul_overflow(count, uint64_t{extent}, &count))
      fail("the extents are too large");
  }
  if (count != bytes.size() - header)
    fail("the header promises " + std::to_string(count) + " values, " + std::to_string(bytes.size() - header) +
         " are there");
  bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(header));
  array.values = std::move(bytes);
  return array;
}

IdxArray read_idx(const std::string& path, int rank) {
  Bytes bytes = read_file(path, "an IDX file");
  if (is_gzip(bytes))
    bytes = gunzip(bytes, path);
  return parse_idx(std::move(bytes), rank, path);
}

} // namespace rvb::runtime
