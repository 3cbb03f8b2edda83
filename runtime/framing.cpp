#include "events.h"

#include "failure.h"
#include "safetensors.h"

#include <algorithm>
#include <limits>

namespace rvb::runtime {

namespace {

void check(const Recording& r, const Framing& f, const std::string& path) {
  auto fail = [&](const std::string& text) { throw Failure(Exit::user, path + ": " + text); };
  std::string sensor = std::to_string(r.width) + " x " + std::to_string(r.height) + " pixels";
  if (f.vector) {
    if (r.height != 1 || r.polarities != 1)
      fail("its sensor has " + sensor + ", but the network takes vectors of " + std::to_string(f.channels));
    if (r.width < f.channels)
      fail("its sensor has " + std::to_string(r.width) + " units, but the network takes " + std::to_string(f.channels));
    return;
  }
  if (f.channels != 1 && f.channels != r.polarities)
    fail("events have " + std::to_string(r.polarities) + " polarities, but the network takes " +
         std::to_string(f.channels) + " channels");
  if (r.width < f.width || r.height < f.height)
    fail("its sensor has " + sensor + ", but the network takes frames of " + std::to_string(f.width) + " x " +
         std::to_string(f.height));
}

} // namespace

std::vector<int64_t> frame_numbers(const std::vector<Event>& events, const Framing& framing) {
  auto count = static_cast<int64_t>(events.size());
  std::vector<int64_t> numbers(events.size(), 0);
  if (count == 0)
    return numbers;
  int64_t last = framing.frames - 1;
  if (!framing.equal_time) {
    int64_t each = count / framing.frames;
    for (int64_t i = 0; i < count; ++i)
      numbers[static_cast<size_t>(i)] = each == 0 ? last : std::min(i / each, last);
    return numbers;
  }
  int64_t first = events.front().time, each = (events.back().time - first) / framing.frames;
  for (size_t i = 0; i < events.size(); ++i) {
    int64_t since = events[i].time - first;
    numbers[i] = since < 0 ? 0 : each <= 0 ? last : std::min(since / each, last);
  }
  return numbers;
}

template <class Count>
bool frame_events(const Recording& recording, const Framing& framing, Count* counts, const std::string& path) {
  check(recording, framing, path);
  std::vector<int64_t> numbers = frame_numbers(recording.events, framing);
  const int64_t plane = framing.height * framing.width, frame = framing.channels * plane;
  bool fits = true;
  for (size_t i = 0; i < numbers.size(); ++i) {
    const Event& event = recording.events[i];
    int64_t at = numbers[i] * frame;
    if (framing.vector)
      at += event.x * framing.channels / recording.width;
    else
      at += (framing.channels == 1 ? 0 : event.polarity * plane) +
            event.y * framing.height / recording.height * framing.width + event.x * framing.width / recording.width;
    if (counts[at] == std::numeric_limits<Count>::max())
      fits = false;
    else
      ++counts[at];
  }
  return fits;
}
template bool frame_events(const Recording&, const Framing&, uint8_t*, const std::string&);
template bool frame_events(const Recording&, const Framing&, uint16_t*, const std::string&);
template bool frame_events(const Recording&, const Framing&, float*, const std::string&);

} // namespace rvb::runtime
