// Any bytes given to the readers of recordings of events, and what comes out cut into frames: a value or a Failure,
// nothing else.
#include "base/failure.h"
#include "events/events.h"

using namespace rvb::runtime;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Bytes bytes(data, data + size);
  auto arrays = [](const Bytes& b, const std::string& path) { return parse_event_arrays(b, path, 34, 34); };
  auto seconds = [](const Bytes& b, const std::string& path) { return parse_event_arrays(b, path, 34, 34, "s"); };
  for (Recording (*parse)(const Bytes&, const std::string&) :
       {parse_atis, parse_aedat2, parse_aedat3, parse_aedat4,
        static_cast<Recording (*)(const Bytes&, const std::string&)>(arrays),
        static_cast<Recording (*)(const Bytes&, const std::string&)>(seconds)})
    try {
      Recording recording = parse(bytes, "fuzz");
      for (const char* rule : {"equal_count", "equal_time", "duration=5000us"}) {
        Framing framing;
        framing.rule = *parse_frame_rule(rule);
        framing.frames = 5;
        framing.channels = 2;
        framing.height = framing.width = 17;
        std::vector<uint8_t> counts(static_cast<size_t>(framing.elements()));
        frame_events(recording, framing, counts.data(), "fuzz");
      }
    } catch (const Failure&) {
    }
  return 0;
}
