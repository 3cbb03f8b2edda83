#include "files/gzip.h"

#include "base/failure.h"

namespace rvb::runtime {

bool is_gzip(const Bytes& bytes) {
  return bytes.size() > 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

struct Unpacker::Stream {};

Unpacker::Unpacker(Kind kind, const uint8_t*, size_t, const std::string& path) {
  throw Failure(Exit::user, path + ": this program was linked without readers: " +
                                (kind == Kind::gzip ? "unpack the file with gunzip first"
                                                    : "save it with numpy.savez, not compressed"));
}

Unpacker::~Unpacker() = default;

size_t Unpacker::read(uint8_t*, size_t) {
  return 0;
}

// Stored archives are read without zlib, too.
uint32_t crc32_of(std::string_view bytes) {
  uint32_t table[256];
  for (uint32_t i = 0; i < 256; ++i) {
    table[i] = i;
    for (int bit = 0; bit < 8; ++bit)
      table[i] = table[i] >> 1 ^ ((table[i] & 1) != 0 ? 0xedb88320u : 0);
  }
  uint32_t sum = ~0u;
  for (const char byte : bytes)
    sum = sum >> 8 ^ table[(sum ^ static_cast<uint8_t>(byte)) & 255];
  return ~sum;
}

} // namespace rvb::runtime
