// AEDAT 4.0 as DV writes it: `#!AER-DAT4.0\r\n`, then FlatBuffers with their sizes before them. The first (IOHE) names
// the compression, where the table at the end of the file begins, and the streams, as XML. Then packets: stream
// (int32), size (int32), and a FlatBuffer, possibly compressed. Those called EVTS hold events: int64 microseconds,
// int16 x, int16 y, bool on, 3 bytes of padding.
#include "base/failure.h"
#include "events/events.h"
#include "files/decompress.h"

#include <cstring>

namespace rvb::runtime {

namespace {

constexpr size_t most_packet = size_t{1} << 28, most_file = size_t{1} << 32;

// A table of a FlatBuffer with its size before it, every access within bounds.
class Table {
public:
  Table(const uint8_t* data, size_t size, const char* identifier, const std::string& path)
      : data_(data), size_(size), path_(path) {
    if (number<uint32_t>(0) + uint64_t{4} > size)
      fail("a table is longer than its packet");
    size_ = number<uint32_t>(0) + size_t{4};
    if (size_ < 12 || std::memcmp(data_ + 8, identifier, 4) != 0)
      fail(std::string("a table is not the expected ") + identifier);
    table_ = forward(4);
    auto back = number<int32_t>(table_);
    auto start = static_cast<int64_t>(table_) - back;
    if (start < 0 || static_cast<size_t>(start) > size_)
      fail("a table points outside of its packet");
    fields_ = static_cast<size_t>(start);
    field_bytes_ = number<uint16_t>(fields_);
  }

  static bool is(const uint8_t* data, size_t size, const char* identifier) {
    return size >= 12 && std::memcmp(data + 8, identifier, 4) == 0;
  }

  // Where the field is; 0: it has its default.
  size_t field(size_t index) const {
    if (4 + 2 * index + 2 > field_bytes_)
      return 0;
    uint16_t offset = number<uint16_t>(fields_ + 4 + 2 * index);
    return offset == 0 ? 0 : table_ + offset;
  }
  template <class Number> Number number(size_t at) const {
    if (at > size_ || size_ - at < sizeof(Number))
      fail("a table points outside of its packet");
    Number value;
    std::memcpy(&value, data_ + at, sizeof value);
    return value;
  }
  // A vector or string: its elements' place, their number to `count`.
  size_t elements(size_t at, size_t element_bytes, uint32_t& count) const {
    size_t begin = forward(at);
    count = number<uint32_t>(begin);
    begin += 4;
    if (uint64_t{count} * element_bytes > size_ - begin)
      fail("a list is longer than its packet");
    return begin;
  }
  const uint8_t* data() const { return data_; }

private:
  [[noreturn]] void fail(const std::string& text) const {
    throw Failure(Exit::user, path_ + ": not a valid AEDAT 4.0 file: " + text);
  }
  size_t forward(size_t at) const {
    uint64_t to = uint64_t{at} + number<uint32_t>(at);
    if (to > size_)
      fail("a table points outside of its packet");
    return static_cast<size_t>(to);
  }

  const uint8_t* data_;
  size_t size_, table_ = 0, fields_ = 0, field_bytes_ = 0;
  const std::string& path_;
};

// The value of the first attribute `key` after `from` in the XML, but before `end`; "" when there is none.
std::string attribute(const std::string& xml, const std::string& key, size_t from, size_t end) {
  size_t at = xml.find("key=\"" + key + "\"", from);
  size_t begin = at == std::string::npos ? at : xml.find('>', at);
  if (begin == std::string::npos || begin >= end)
    return "";
  return xml.substr(begin + 1, std::min(xml.find('<', begin), xml.size()) - begin - 1);
}

// The sensor of the stream of events: its attributes follow the type within the stream's node.
bool find_sensor(const std::string& xml, Recording& recording) {
  size_t type = xml.find(">EVTS<"), end = xml.find("typeIdentifier", type == std::string::npos ? type : type + 6);
  if (type == std::string::npos)
    return false;
  recording.width = std::atoll(attribute(xml, "sizeX", type, end).c_str());
  recording.height = std::atoll(attribute(xml, "sizeY", type, end).c_str());
  return recording.width > 0 && recording.height > 0 && recording.width <= 32768 && recording.height <= 32768;
}

} // namespace

Recording parse_aedat4(const Bytes& bytes, const std::string& path) {
  auto fail = [&](const std::string& text) {
    throw Failure(Exit::user, path + ": not a valid AEDAT 4.0 file: " + text);
  };
  const std::string begin = "#!AER-DAT4.0\r\n";
  if (bytes.size() < begin.size() || std::memcmp(bytes.data(), begin.data(), begin.size()) != 0)
    fail("it does not begin with `#!AER-DAT4.0`");
  size_t at = begin.size(), end = bytes.size(), total = 0;
  if (end - at < 4)
    fail("it is truncated in its header");
  Table header(bytes.data() + at, end - at, "IOHE", path);
  int compression = header.field(0) == 0 ? 0 : header.number<int32_t>(header.field(0));
  int64_t table = header.field(1) == 0 ? -1 : header.number<int64_t>(header.field(1));
  if (compression < 0 || compression > 4)
    fail("compression " + std::to_string(compression) + " is not known");
  std::string xml;
  if (header.field(2) != 0) {
    uint32_t length = 0;
    size_t text = header.elements(header.field(2), 1, length);
    xml.assign(reinterpret_cast<const char*>(header.data()) + text, length);
  }
  Recording recording;
  if (!find_sensor(xml, recording))
    fail("its header names no stream of events (EVTS) with sizeX and sizeY");
  at += header.number<uint32_t>(0) + size_t{4};
  if (table > 0) {
    if (static_cast<uint64_t>(table) < at || static_cast<uint64_t>(table) > end)
      fail("it is truncated: its table should be at byte " + std::to_string(table) + " of " + std::to_string(end));
    end = static_cast<size_t>(table);
  }
  for (int64_t packet = 0; at < end; ++packet) {
    std::string name = "packet " + std::to_string(packet);
    int32_t size = 0;
    if (end - at < 8)
      fail("it is truncated in the header of " + name);
    std::memcpy(&size, bytes.data() + at + 4, 4);
    at += 8;
    if (size < 0 || static_cast<size_t>(size) > end - at)
      fail("it is truncated in " + name);
    const uint8_t* data = bytes.data() + at;
    size_t length = static_cast<size_t>(size);
    at += length;
    Bytes unpacked;
    if (compression != 0) {
      unpacked =
          compression <= 2 ? unpack_lz4(data, length, most_packet, path) : unpack_zstd(data, length, most_packet, path);
      data = unpacked.data();
      length = unpacked.size();
      total += length;
      if (total > most_file)
        fail("its packets unpack to more than 4 GiB");
    }
    if (!Table::is(data, length, "EVTS")) // frames, inertia, triggers
      continue;
    Table events(data, length, "EVTS", path);
    if (events.field(0) == 0)
      continue;
    uint32_t count = 0;
    size_t from = events.elements(events.field(0), 16, count);
    for (uint32_t i = 0; i < count; ++i, from += 16) {
      auto x = events.number<int16_t>(from + 8), y = events.number<int16_t>(from + 10);
      if (x < 0 || x >= recording.width || y < 0 || y >= recording.height)
        fail("an event of " + name + " is at (" + std::to_string(x) + ", " + std::to_string(y) + "), the sensor has " +
             std::to_string(recording.width) + " x " + std::to_string(recording.height) + " pixels");
      auto time = events.number<int64_t>(from);
      if (time <= -most_time || time >= most_time)
        fail("an event of " + name + " is at " + std::to_string(time) + " microseconds");
      recording.events.push_back({time, static_cast<uint16_t>(x), static_cast<uint16_t>(y),
                                  static_cast<uint8_t>(events.number<uint8_t>(from + 12) != 0)});
    }
  }
  if (recording.events.empty())
    fail("it holds no events");
  order_events(recording, 0, path);
  return recording;
}

} // namespace rvb::runtime
