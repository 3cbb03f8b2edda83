#include "files/tensorboard.h"

#include <chrono>
#include <cstring>
#include <unistd.h>

namespace rvb::runtime {

uint32_t crc32c(std::string_view bytes) {
  uint32_t crc = 0xffffffff;
  for (unsigned char byte : bytes) { // records are a few hundred bytes: no table is worth its space
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit)
      crc = crc >> 1 ^ (0x82f63b78u & (0u - (crc & 1)));
  }
  return ~crc;
}

namespace {

uint32_t masked(std::string_view bytes) {
  uint32_t crc = crc32c(bytes);
  return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

std::string little_endian(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i)
    text += static_cast<char>(value >> (8 * i) & 255);
  return text;
}

std::string varint(uint64_t value) {
  std::string text;
  for (; value >= 128; value >>= 7)
    text += static_cast<char>(value | 128);
  return text + static_cast<char>(value);
}

// Protocol buffers: a field is (number << 3 | wire type), then its value.
enum Wire : uint64_t { number = 0, eight_bytes = 1, text = 2, four_bytes = 5 };

std::string key(uint64_t field, Wire wire) {
  return varint(field << 3 | wire);
}
std::string field_text(uint64_t field, const std::string& value) {
  return key(field, text) + varint(value.size()) + value;
}
std::string field_double(uint64_t field, double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return key(field, eight_bytes) + little_endian(bits, 8);
}
std::string field_float(uint64_t field, double value) {
  float narrow = static_cast<float>(value);
  uint32_t bits;
  std::memcpy(&bits, &narrow, sizeof bits);
  return key(field, four_bytes) + little_endian(bits, 4);
}

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

} // namespace

std::string version_event(double wall_time) {
  return field_double(1, wall_time) + field_text(3, "brain.Event:2");
}

std::string scalar_event(double wall_time, int64_t step, const Scalars& scalars) {
  std::string summary;
  for (const auto& [tag, value] : scalars)
    summary += field_text(1, field_text(1, tag) + field_float(2, value));
  return field_double(1, wall_time) + key(2, number) + varint(static_cast<uint64_t>(step)) + field_text(5, summary);
}

std::string tf_record(const std::string& event) {
  std::string length = little_endian(event.size(), 8);
  return length + little_endian(masked(length), 4) + event + little_endian(masked(event), 4);
}

void EventFile::open(const std::string& folder) {
  make_folder(folder);
  double time = now();
  // TensorBoard reads the files of a folder in the order of their names.
  file_.open(join(folder, "events.out.tfevents." + std::to_string(static_cast<int64_t>(time)) + "." +
                              std::to_string(static_cast<int64_t>(time * 1e6) % 1000000) + "." +
                              std::to_string(::getpid())));
  file_.add(tf_record(version_event(time)));
}

void EventFile::add(int64_t step, const Scalars& scalars) {
  file_.add(tf_record(scalar_event(now(), step, scalars)));
}

} // namespace rvb::runtime
