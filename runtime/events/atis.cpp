// N-MNIST's files: five bytes an event. x, y, then a bit of polarity and 23 bits of microseconds, big-endian. An event
// with y = 240 marks an overflow: all later times are 8192 microseconds later (as Tonic reads it).
#include "base/failure.h"
#include "events/events.h"

namespace rvb::runtime {

Recording parse_atis(const Bytes& bytes, const std::string& path) {
  constexpr int64_t side = 34;
  auto fail = [&](const std::string& text) { throw Failure(Exit::user, path + ": not a valid N-MNIST file: " + text); };
  if (bytes.empty())
    fail("it is empty");
  if (bytes.size() % 5 != 0)
    fail(std::to_string(bytes.size()) + " bytes are no multiple of 5 (the bytes of an event)");
  Recording recording;
  recording.width = recording.height = side;
  recording.events.reserve(bytes.size() / 5);
  int64_t overflow = 0;
  for (size_t at = 0; at < bytes.size(); at += 5) {
    const uint8_t* b = bytes.data() + at;
    if (b[1] == 240) {
      overflow += 8192;
      continue;
    }
    if (b[0] >= side || b[1] >= side)
      fail("event " + std::to_string(at / 5) + " is at (" + std::to_string(b[0]) + ", " + std::to_string(b[1]) +
           "), the sensor has 34 x 34 pixels");
    int64_t time = (b[2] & 127) << 16 | b[3] << 8 | b[4];
    recording.events.push_back({time + overflow, b[0], b[1], static_cast<uint8_t>(b[2] >> 7)});
  }
  if (recording.events.empty())
    fail("it holds no events");
  order_events(recording, int64_t{1} << 23, path);
  return recording;
}

} // namespace rvb::runtime
