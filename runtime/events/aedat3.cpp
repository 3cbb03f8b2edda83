// AEDAT 3.1 as cAER wrote it for DVS128-Gesture: comment lines to `#!END-HEADER`, then packets of one type each, a
// header of 28 bytes and events, all little-endian. Events of polarity: a word with validity (bit 0), polarity (1), y
// (2 to 16), x (17 to 31), and a word of microseconds, whose upper bits stand in the packet's header.
#include "base/failure.h"
#include "events/events.h"

#include <algorithm>
#include <cstring>

namespace rvb::runtime {

namespace {

uint32_t half(const uint8_t* b) {
  return static_cast<uint32_t>(b[0] | b[1] << 8);
}
uint32_t word(const uint8_t* b) {
  return half(b) | half(b + 2) << 16;
}

} // namespace

Recording parse_aedat3(const Bytes& bytes, const std::string& path) {
  auto fail = [&](const std::string& text) {
    throw Failure(Exit::user, path + ": not a valid AEDAT 3.1 file: " + text);
  };
  const std::string begin = "#!AER-DAT3.1", end = "#!END-HEADER\r\n";
  if (bytes.size() < begin.size() || std::memcmp(bytes.data(), begin.data(), begin.size()) != 0)
    fail("it does not begin with `#!AER-DAT3.1`");
  auto found = std::search(bytes.begin(), bytes.end(), end.begin(), end.end());
  if (found == bytes.end())
    fail("its header has no `#!END-HEADER`");
  Recording recording;
  recording.width = recording.height = 128;
  size_t at = static_cast<size_t>(found - bytes.begin()) + end.size();
  for (int64_t packet = 0; at < bytes.size(); ++packet) {
    std::string name = "packet " + std::to_string(packet);
    if (bytes.size() - at < 28)
      fail("it is truncated in the header of " + name);
    const uint8_t* header = bytes.data() + at;
    uint32_t type = half(header), size = word(header + 4), offset = word(header + 8), overflow = word(header + 12),
             capacity = word(header + 16), number = word(header + 20), valid = word(header + 24);
    at += 28;
    uint64_t payload = uint64_t{size} * capacity;
    if (payload > bytes.size() - at)
      fail("it is truncated in " + name + " (" + std::to_string(payload) + " bytes are announced, " +
           std::to_string(bytes.size() - at) + " are there)");
    if (number > capacity || valid > number)
      fail(name + " announces more events than it has room for");
    if (type == 1) {
      if (size != 8 || offset != 4)
        fail(name + " has events of polarity of " + std::to_string(size) + " bytes, 8 are known");
      int64_t epoch = overflow, before = -1;
      for (uint32_t i = 0; i < number; ++i) {
        uint32_t data = word(bytes.data() + at + 8 * i), time = word(bytes.data() + at + 8 * i + 4);
        if ((data & 1) == 0) // made invalid by a filter
          continue;
        uint32_t x = data >> 17 & 0x7fff, y = data >> 2 & 0x7fff;
        if (x >= 128 || y >= 128)
          fail("an event of " + name + " is at (" + std::to_string(x) + ", " + std::to_string(y) +
               "), the sensor has 128 x 128 pixels");
        if (time >> 31 != 0)
          fail("an event of " + name + " has a negative time");
        // A packet spans milliseconds: a jump is its clock's overflow, which the header does not count.
        constexpr int64_t jump = int64_t{1} << 30;
        if (before >= 0)
          epoch += before - time > jump ? 1 : time - before > jump ? -1 : 0;
        before = time;
        if (epoch >= most_time >> 31)
          fail("an event of " + name + " is at " + std::to_string(uint64_t{overflow} << 31 | time) + " microseconds");
        int64_t since = epoch * (int64_t{1} << 31) + time;
        recording.events.push_back(
            {since, static_cast<uint16_t>(x), static_cast<uint16_t>(y), static_cast<uint8_t>(data >> 1 & 1)});
      }
    }
    at += payload;
  }
  if (recording.events.empty())
    fail("it holds no events");
  order_events(recording, int64_t{1} << 31, path);
  return recording;
}

} // namespace rvb::runtime
