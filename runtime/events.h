// Recordings of event cameras (and cochleas): one event a change of brightness at a pixel. Each format has its file.
#pragma once

#include "files.h"

#include <cstdint>
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
  std::vector<Event> events;                     // in the order of the file
  // Files may hold frames instead: [frames, channels, height, width].
  std::vector<int64_t> frame_shape;
  std::vector<float> frames;
};

// Failure(user) names the file and what is wrong with it.
Recording parse_atis(const Bytes& bytes, const std::string& path);   // N-MNIST .bin (atis.cpp)
Recording parse_aedat2(const Bytes& bytes, const std::string& path); // CIFAR10-DVS .aedat (aedat2.cpp)
Recording parse_aedat3(const Bytes& bytes, const std::string& path); // DVS128-Gesture .aedat (aedat3.cpp)
Recording parse_aedat4(const Bytes& bytes, const std::string& path); // DV's .aedat4 (aedat4.cpp)
// .npy and .npz (event_arrays.cpp). Events do not say how large the sensor was: it is taken to be width x height.
Recording parse_event_arrays(const Bytes& bytes, const std::string& path, int64_t width, int64_t height);

// How a recording becomes frames.
struct Framing {
  bool equal_time = false;
  int64_t frames = 1, channels = 1, height = 1, width = 1;
  bool vector = false; // a network of [features]: the sensor's pixels in a row

  int64_t elements() const { return frames * channels * height * width; }
};

// The frame of each event by SpikingJelly's rules: n / T events a frame, or a T-th of the microseconds from the first
// event to the last, both rounded down, and the last frame takes the remainder.
std::vector<int64_t> frame_numbers(const std::vector<Event>& events, const Framing& framing);

// Counts events into [frames, channels, height, width], which hold zeros. False: a count is too large for its type.
// Failure(user) when sensor and network do not fit.
template <class Count>
bool frame_events(const Recording& recording, const Framing& framing, Count* counts, const std::string& path);

} // namespace rvb::runtime
