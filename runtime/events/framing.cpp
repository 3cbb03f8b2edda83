#include "events/events.h"

#include "base/failure.h"
#include "files/safetensors.h"

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

const char* const frame_rules = "equal_count, equal_time or a fixed duration such as duration=5000us";

std::string FrameRule::text() const {
  return kind == Kind::duration     ? "duration=" + std::to_string(microseconds) + "us"
         : kind == Kind::equal_time ? "equal_time"
                                    : "equal_count";
}

std::optional<FrameRule> parse_frame_rule(const std::string& text) {
  constexpr char fixed[] = "duration=";
  constexpr int64_t most = 1'000'000'000'000;
  if (text == "equal_count")
    return FrameRule{};
  if (text == "equal_time")
    return FrameRule{FrameRule::Kind::equal_time, 0};
  if (text.compare(0, sizeof fixed - 1, fixed) != 0)
    return std::nullopt;
  size_t at = sizeof fixed - 1, digits = at;
  int64_t number = 0;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9' && number <= most; ++at)
    number = number * 10 + (text[at] - '0');
  std::string unit = text.substr(at);
  int64_t factor = unit.empty() || unit == "us" ? 1 : unit == "ms" ? 1000 : unit == "s" ? 1'000'000 : 0;
  if (at == digits || factor == 0 || number < 1 || number > most / factor)
    return std::nullopt;
  return FrameRule{FrameRule::Kind::duration, number * factor};
}

std::vector<int64_t> frame_numbers(const std::vector<Event>& events, const Framing& framing) {
  auto count = static_cast<int64_t>(events.size());
  std::vector<int64_t> numbers(events.size(), 0);
  if (count == 0)
    return numbers;
  int64_t last = framing.frames - 1;
  if (framing.rule.kind == FrameRule::Kind::equal_count) {
    int64_t each = count / framing.frames;
    for (int64_t i = 0; i < count; ++i)
      numbers[static_cast<size_t>(i)] = each == 0 ? last : std::min(i / each, last);
    return numbers;
  }
  const bool fixed = framing.rule.kind == FrameRule::Kind::duration;
  int64_t first = events.front().time;
  int64_t each = fixed ? framing.rule.microseconds : (events.back().time - first) / framing.frames;
  for (size_t i = 0; i < events.size(); ++i) {
    int64_t number = each == 0 ? last : (events[i].time - first) / each;
    numbers[i] = number <= last ? number : fixed ? -1 : last;
  }
  return numbers;
}

template <class Count>
bool frame_events(const Recording& recording, const Framing& framing, Count* counts, const std::string& path,
                  int64_t* left_out) {
  check(recording, framing, path);
  std::vector<int64_t> numbers = frame_numbers(recording.events, framing);
  const int64_t plane = framing.height * framing.width, frame = framing.channels * plane;
  bool fits = true;
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i] < 0) {
      if (left_out != nullptr)
        ++*left_out;
      continue;
    }
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
template bool frame_events(const Recording&, const Framing&, uint8_t*, const std::string&, int64_t*);
template bool frame_events(const Recording&, const Framing&, uint16_t*, const std::string&, int64_t*);
template bool frame_events(const Recording&, const Framing&, float*, const std::string&, int64_t*);

} // namespace rvb::runtime
