// A 64-bit hash that names data: equal for equal bytes on every machine, no defence against an attacker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace rvb::runtime {

uint64_t hash_bytes(const void* data, size_t size, uint64_t start = 0x9E3779B97F4A7C15);
inline uint64_t hash_bytes(const std::string& text, uint64_t start = 0x9E3779B97F4A7C15) {
  return hash_bytes(text.data(), text.size(), start);
}
std::string hash_text(uint64_t hash); // 16 hex digits

} // namespace rvb::runtime
