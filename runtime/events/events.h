// Recordings of event cameras (and cochleas): one event is a change of brightness at a pixel. Each format has its file.
#pragma once

#include "base/files.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace rvb::runtime {

// Times are less than this, either way: their differences are then numbers too.
constexpr int64_t most_time = int64_t{1} << 62;

struct Event {
  int64_t time = 0; // microseconds
  uint16_t x = 0, y = 0;
  uint8_t polarity = 0; // 0: off, darker; 1: on, brighter
};

struct Recording {
  int64_t width = 0, height = 0, polarities = 2; // of the sensor
  std::vector<Event> events;                     // ordered by time; equal times stay in the order of the file
  // Files may hold frames instead: [frames, channels, height, width].
  std::vector<int64_t> frame_shape;
  std::vector<float> frames;
  // What the reader did or assumed, for notes.
  bool reordered = false;    // the file was not ordered by time
  bool wrapped = false;      // its clock overflowed
  bool unit_assumed = false; // nothing says that its times are microseconds
};

// The order of events (event_order.cpp), the same for all formats. Every reader ends with one of these two.

// Sorts by time (stable) and undoes overflows of the clock: `clock` is the number of its values, such as 2^32, or 0
// when the format does not say; then times that fit 31 or 32 bits are taken to be of such a clock. Failure(user): order
// and overflows cannot be told apart, or times are negative.
void order_events(Recording& recording, int64_t clock, const std::string& path);

// For formats whose times are plain numbers: sets the events' times from `times` (in `unit`: s, ms, us, ns; "": not
// known, microseconds if they are integers) and orders them. Has room for every bit of int64, uint64 and float64.
using Number = long double;
void set_times(Recording& recording, const std::vector<Number>& times, const std::string& unit,
               const std::string& path);

// Failure(user) names the file and what is wrong with it.
Recording parse_atis(const Bytes& bytes, const std::string& path);   // N-MNIST .bin (atis.cpp)
Recording parse_aedat2(const Bytes& bytes, const std::string& path); // CIFAR10-DVS .aedat (aedat2.cpp)
Recording parse_aedat3(const Bytes& bytes, const std::string& path); // DVS128-Gesture .aedat (aedat3.cpp)
Recording parse_aedat4(const Bytes& bytes, const std::string& path); // DV's .aedat4 (aedat4.cpp)
// .npy and .npz (event_arrays.cpp). Events do not say how large the sensor was: it is taken to be width x height.
Recording parse_event_arrays(const Bytes& bytes, const std::string& path, int64_t width, int64_t height,
                             const std::string& time_unit = "");

// Where a recording is cut into frames.
struct FrameRule {
  enum class Kind { equal_count, equal_time, duration };
  Kind kind = Kind::equal_count;
  int64_t microseconds = 0; // of a frame, for `duration`

  std::string text() const; // equal_count, equal_time, duration=5000us
};
// What text() gives; a duration may also be in ms or s, or without a unit (us). Nothing: it is none of these.
std::optional<FrameRule> parse_frame_rule(const std::string& text);
extern const char* const frame_rules; // "equal_count, equal_time or …", for messages

// How a recording becomes frames.
struct Framing {
  FrameRule rule;
  int64_t frames = 1, channels = 1, height = 1, width = 1;
  bool vector = false; // a network of [features]: the sensor's pixels in a row

  int64_t elements() const { return frames * channels * height * width; }
};

// The frame of each event, for events ordered by time; -1: after the last frame.
//   equal_count  n / T events a frame, rounded down; the last frame takes the remainder (as SpikingJelly)
//   equal_time   a T-th of the microseconds from the first event to the last, likewise
//   duration     this many microseconds a frame, from the first event on (as Tonic's time windows)
std::vector<int64_t> frame_numbers(const std::vector<Event>& events, const Framing& framing);

// Counts events into [frames, channels, height, width], which hold zeros. False: a count is too large for its type.
// `left_out` gets the number of events after the last frame. Failure(user) when sensor and network do not fit.
template <class Count>
bool frame_events(const Recording& recording, const Framing& framing, Count* counts, const std::string& path,
                  int64_t* left_out = nullptr);

} // namespace rvb::runtime
