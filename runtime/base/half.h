// IEEE 754 half precision, as far as it is read from files.
#pragma once

#include <cstdint>
#include <cstring>

namespace rvb::runtime {

inline float half_to_float(uint16_t half) {
  uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16, exponent = half >> 10 & 31, mantissa = half & 1023;
  if (exponent == 0) { // zero and subnormals: mantissa * 2^-24 is exact in single precision
    float value = static_cast<float>(mantissa) * 0x1p-24f;
    return sign != 0 ? -value : value;
  }
  uint32_t bits = sign | (exponent == 31 ? 255 : exponent + 112) << 23 | mantissa << 13;
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

} // namespace rvb::runtime
