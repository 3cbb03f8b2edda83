#include "export/onnx/message.h"

#include <cstring>

namespace rvb::exporting {

Message& Message::real(int field, float value) {
  key(field, 5);
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  for (int i = 0; i < 4; ++i)
    bytes_ += static_cast<char>(bits >> (8 * i));
  return *this;
}

void Message::varint(uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    bytes_ += static_cast<char>(value | 0x80);
  bytes_ += static_cast<char>(value);
}

} // namespace rvb::exporting
