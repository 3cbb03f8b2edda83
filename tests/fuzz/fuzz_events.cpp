// Any bytes given to the readers of recordings of events, and what comes out cut into frames: a value or a Failure,
// nothing else.
#include "events.h"
#include "failure.h"

using namespace rvb::runtime;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Bytes bytes(data, data + size);
  auto arrays = [](const Bytes& b, const std::string& path) { return parse_event_arrays(b, path, 34, 34); };
  for (Recording (*parse)(const Bytes&, const std::string&) :
       {parse_atis, parse_aedat2, parse_aedat3, parse_aedat4,
        static_cast<Recording (*)(const Bytes&, const std::string&)>(arrays)})
    try {
      Recording recording = parse(bytes, "fuzz");
      for (bool equal_time : {false, true}) {
        Framing framing;
        framing.equal_time = equal_time;
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
