// Deflated data, through zlib. gzip_none.cpp takes its place in programs that are linked without readers.
#pragma once

#include "base/files.h"

#include <memory>
#include <string>
#include <string_view>

namespace rvb::runtime {

bool is_gzip(const Bytes& bytes);

// Unpacks piece by piece: what a header promises can be looked at before there is memory for it.
class Unpacker {
public:
  enum class Kind { gzip, raw }; // raw: a deflate stream without a header, as in ZIP
  // All members of a gzip file, one after the other; zeros may follow them. The bytes must outlive this.
  Unpacker(Kind kind, const uint8_t* data, size_t size, const std::string& path);
  ~Unpacker();
  Unpacker(const Unpacker&) = delete;
  Unpacker& operator=(const Unpacker&) = delete;
  // Fewer than `count` only at the end. Failure(user) when the stream is damaged or truncated.
  size_t read(uint8_t* to, size_t count);

private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
};

uint32_t crc32_of(std::string_view bytes); // the check sum of gzip and ZIP
inline uint32_t crc32_of(const Bytes& bytes) {
  return crc32_of(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

} // namespace rvb::runtime
