// AEDAT 2.0 as jAER wrote it for the DVS128: comment lines, then pairs of big-endian words, address and microseconds.
// Bits 8 to 14 of an address hold the row from the bottom, 1 to 7 the column from the right, bit 0 is 1 for off.
// Decoded as SpikingJelly does for CIFAR10-DVS, whose pictures lie on their side: x = 127 - row, y = 127 - column.
#include "base/failure.h"
#include "events/events.h"

#include <cstring>

namespace rvb::runtime {

namespace {

uint32_t word(const uint8_t* b) {
  return uint32_t{b[0]} << 24 | uint32_t{b[1]} << 16 | uint32_t{b[2]} << 8 | b[3];
}

} // namespace

Recording parse_aedat2(const Bytes& bytes, const std::string& path) {
  auto fail = [&](const std::string& text) {
    throw Failure(Exit::user, path + ": not a valid AEDAT 2.0 file: " + text);
  };
  const char begin[] = "#!AER-DAT2.0";
  if (bytes.size() < sizeof begin || std::memcmp(bytes.data(), begin, sizeof begin - 1) != 0)
    fail("it does not begin with `#!AER-DAT2.0`");
  size_t at = 0;
  while (at < bytes.size() && bytes[at] == '#') {
    const void* end = std::memchr(bytes.data() + at, '\n', bytes.size() - at);
    if (end == nullptr)
      fail("its header does not end");
    at = static_cast<size_t>(static_cast<const uint8_t*>(end) - bytes.data()) + 1;
  }
  if ((bytes.size() - at) % 8 != 0)
    fail(std::to_string(bytes.size() - at) + " bytes after the header are no multiple of 8 (the bytes of an event)");
  Recording recording;
  recording.width = recording.height = 128;
  recording.events.reserve((bytes.size() - at) / 8);
  for (size_t index = 0; at < bytes.size(); at += 8, ++index) {
    uint32_t address = word(bytes.data() + at);
    if (address > 0xffff)
      fail("event " + std::to_string(index) + " has address " + std::to_string(address) + ", more than 16 bits");
    if ((address & 0x8000) != 0) // a signal from outside, no pixel
      continue;
    auto row = (address & 0x7f00) >> 8, column = (address & 0xfe) >> 1;
    recording.events.push_back({word(bytes.data() + at + 4), static_cast<uint16_t>(127 - row),
                                static_cast<uint16_t>(127 - column), static_cast<uint8_t>(1 - (address & 1))});
  }
  if (recording.events.empty())
    fail("it holds no events");
  order_events(recording, int64_t{1} << 32, path); // jAER's clock has 32 bits, with or without a sign
  return recording;
}

} // namespace rvb::runtime
