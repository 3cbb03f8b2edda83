#include "base/hash.h"

#include <cstring>

namespace rvb::runtime {

namespace {

// The two halves of the product folded into one: every bit of the input reaches every bit of the result.
uint64_t mix(uint64_t a, uint64_t b) {
  unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

} // namespace

uint64_t hash_bytes(const void* data, size_t size, uint64_t start) {
  constexpr uint64_t p = 0xA0761D6478BD642F, q = 0xE7037ED1A0B428DB;
  const auto* bytes = static_cast<const unsigned char*>(data);
  uint64_t hash = mix(start ^ p, static_cast<uint64_t>(size) ^ q);
  for (; size > 0;) {
    uint64_t word[2] = {0, 0};
    size_t part = size < 16 ? size : 16;
    std::memcpy(word, bytes, part);
    hash = mix(word[0] ^ p ^ hash, word[1] ^ q) + 0x9E3779B97F4A7C15;
    bytes += part;
    size -= part;
  }
  return mix(hash ^ p, q);
}

std::string hash_text(uint64_t hash) {
  static const char digits[] = "0123456789abcdef";
  std::string text(16, '0');
  for (size_t i = 0; i < 16; ++i)
    text[15 - i] = digits[hash >> (4 * i) & 15];
  return text;
}

} // namespace rvb::runtime
