// FNV-1a, 64 bits: tells texts and files apart in names and reports; no defence against an attacker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace rvb {

constexpr uint64_t fnv_start = 0xcbf29ce484222325;

inline uint64_t fnv(const void* bytes, size_t size, uint64_t state = fnv_start) {
  const auto* p = static_cast<const unsigned char*>(bytes);
  for (size_t i = 0; i < size; ++i)
    state = (state ^ p[i]) * 0x100000001b3;
  return state;
}
inline uint64_t fnv(const std::string& text, uint64_t state = fnv_start) {
  return fnv(text.data(), text.size(), state);
}

inline std::string hex_digits(uint64_t hash) { // sixteen
  std::string digits(16, '0');
  for (size_t i = 0; i < digits.size(); ++i)
    digits[i] = "0123456789abcdef"[hash >> (60 - 4 * i) & 15];
  return digits;
}

} // namespace rvb
