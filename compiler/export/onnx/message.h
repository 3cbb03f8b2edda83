// Protocol buffers, as far as writing them takes: a message is its fields in any order, each a key (number and kind)
// and a value. A program that writes one format needs no library for that: rvbc would depend on libprotobuf, and on the
// schema's generated code, for these lines.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace rvb::exporting {

class Message {
public:
  Message& integer(int field, int64_t value) { // int64, int32, enumerations
    key(field, 0);
    varint(static_cast<uint64_t>(value));
    return *this;
  }
  Message& real(int field, float value);
  Message& bytes(int field, std::string_view value) { // also text, and a message within
    key(field, 2);
    varint(value.size());
    bytes_ += value;
    return *this;
  }
  Message& message(int field, const Message& value) { return bytes(field, value.bytes_); }

  const std::string& text() const { return bytes_; }

private:
  void key(int field, int kind) { varint(static_cast<uint64_t>(field) << 3 | static_cast<uint64_t>(kind)); }
  void varint(uint64_t value);

  std::string bytes_;
};

} // namespace rvb::exporting
