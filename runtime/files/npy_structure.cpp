#include "files/npy_structure.h"

#include "base/failure.h"
#include "base/half.h"

#include <cctype>
#include <cstring>

namespace rvb::runtime {

namespace {

constexpr int most_depth = 8;
constexpr size_t most_row = 4096;

// Reads the list of fields in a header, a Python literal.
class Reader {
public:
  Reader(const std::string& header, size_t at, const std::string& path) : header_(header), at_(at), path_(path) {}

  // From `[`; returns the bytes of an element.
  size_t fields(std::vector<NpyField>* to, int depth = 0) {
    if (depth > most_depth)
      fail("its structure is nested too deeply");
    size_t row = 0;
    for (expect('['); !accept(']');) {
      expect('(');
      NpyField field;
      field.offset = row;
      if (accept('(')) { // title and name
        quoted();
        expect(',');
        field.name = quoted();
        expect(')');
      } else {
        field.name = quoted();
      }
      expect(',');
      if (peek() == '[') {
        field.type = "structure";
        field.width = fields(nullptr, depth + 1);
      } else {
        field.type = quoted();
        field.width = width_of(field);
      }
      if (accept(',') && peek() == '(') { // a shape: several values an element
        field.number = false;
        for (expect('('); !accept(')'); accept(','))
          if ((field.width *= number()) > most_row)
            break; // refused below
        if (field.width > most_row)
          fail("field `" + field.name + "` is too large");
      }
      expect(')');
      accept(',');
      row += field.width;
      if (row > most_row)
        fail("an element of its structure has more than " + std::to_string(most_row) + " bytes");
      if (to != nullptr)
        to->push_back(std::move(field));
    }
    return row;
  }

private:
  [[noreturn]] void fail(const std::string& text) const { throw Failure(Exit::user, path_ + ": " + text); }

  char peek() {
    while (at_ < header_.size() && std::isspace(static_cast<unsigned char>(header_[at_])))
      ++at_;
    return at_ < header_.size() ? header_[at_] : '\0';
  }
  bool accept(char c) {
    if (peek() != c)
      return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c))
      fail(std::string("its header is damaged: `") + c + "` is missing in the list of fields");
  }
  std::string quoted() {
    char quote = peek();
    size_t end = quote == '\'' || quote == '"' ? header_.find(quote, at_ + 1) : std::string::npos;
    if (end == std::string::npos)
      fail("its header is damaged: the name or type of a field is missing");
    std::string text = header_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return text;
  }
  size_t number() {
    size_t value = 0, digits = 0;
    for (peek(); at_ < header_.size() && std::isdigit(static_cast<unsigned char>(header_[at_])); ++at_, ++digits)
      value = value * 10 + static_cast<size_t>(header_[at_] - '0');
    if (digits == 0 || digits > 6)
      fail("its header is damaged: a number is missing or too large");
    return value;
  }

  // '<i2', '|b1', '|V6', '<U5': byte order, kind, size; units of times may follow.
  size_t width_of(NpyField& field) const {
    const std::string& type = field.type;
    char* end = nullptr;
    unsigned long size = type.size() > 2 && std::isdigit(static_cast<unsigned char>(type[2])) != 0
                             ? std::strtoul(type.c_str() + 2, &end, 10)
                             : 0;
    if (end == nullptr || size > most_row || std::strchr("<>|=", type[0]) == nullptr)
      fail("field `" + field.name + "` is of the unknown type `" + type + "`");
    char kind = type[1];
    bool integer = std::strchr("iu", kind) != nullptr && (size == 1 || size == 2 || size == 4 || size == 8);
    bool real = kind == 'f' && (size == 2 || size == 4 || size == 8);
    field.number = *end == '\0' && (integer || real || (kind == 'b' && size == 1));
    return kind == 'U' ? 4 * size : size;
  }

  const std::string& header_;
  size_t at_;
  const std::string& path_;
};

} // namespace

long double NpyStructure::value(const NpyField& field, size_t index) const {
  const uint8_t* from = data + index * row + field.offset;
  bool big_endian = field.type[0] == '>';
  uint64_t bits = 0;
  for (size_t i = 0; i < field.width; ++i)
    bits |= uint64_t{from[big_endian ? field.width - 1 - i : i]} << (8 * i);
  if (field.type[1] == 'f' && field.width == 2)
    return half_to_float(static_cast<uint16_t>(bits));
  if (field.type[1] == 'f' && field.width == 4) {
    float value;
    auto word = static_cast<uint32_t>(bits);
    std::memcpy(&value, &word, 4);
    return value;
  }
  if (field.type[1] == 'f') {
    double value;
    std::memcpy(&value, &bits, 8);
    return value;
  }
  if (field.type[1] != 'i')
    return bits;
  auto shift = static_cast<int>(64 - 8 * field.width);
  return static_cast<int64_t>(bits << shift) >> shift;
}

std::optional<NpyStructure> parse_npy_structure(const Bytes& bytes, const std::string& path) {
  auto fail = [&](const std::string& text) { throw Failure(Exit::user, path + ": " + text); };
  if (bytes.size() < 12 || std::memcmp(bytes.data(), "\x93NUMPY", 6) != 0)
    return std::nullopt;
  size_t begin = bytes[6] == 1 ? 10 : 12;
  uint64_t length = bytes[8] | bytes[9] << 8;
  if (bytes[6] != 1)
    length |= static_cast<uint64_t>(bytes[10]) << 16 | static_cast<uint64_t>(bytes[11]) << 24;
  if (length > bytes.size() - begin)
    return std::nullopt;
  std::string header(reinterpret_cast<const char*>(bytes.data()) + begin, length);
  size_t descr = header.find("'descr'"), list = header.find('[');
  if (descr == std::string::npos || list == std::string::npos || header.find_first_not_of(": ", descr + 7) != list)
    return std::nullopt;
  NpyStructure structure;
  structure.row = Reader(header, list, path).fields(&structure.fields);
  structure.data = bytes.data() + begin + length;
  size_t size = bytes.size() - begin - length;
  if (structure.row == 0 || size % structure.row != 0)
    fail("it is truncated: " + std::to_string(size) + " bytes are not a multiple of the " +
         std::to_string(structure.row) + " bytes of an event");
  structure.count = size / structure.row;
  if (header.find("(" + std::to_string(structure.count) + ",)") == std::string::npos)
    fail("it is truncated, or its shape is not [N]: it holds " + std::to_string(structure.count) + " events");
  return structure;
}

} // namespace rvb::runtime
