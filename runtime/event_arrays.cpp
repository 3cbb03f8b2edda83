// NumPy arrays with one recording a file, as SpikingJelly and Tonic leave them:
//   .npz with t, x, y, p            events, one array a column
//   .npy of a structure x, y, p, t  events
//   .npy [N, 4]                     events, columns x, y, p, t
//   .npy, or .npz with `frames`     frames [T, C, H, W]
#include "events.h"

#include "failure.h"
#include "npy.h"
#include "npz.h"
#include "safetensors.h"

#include <cmath>
#include <cstring>
#include <limits>

namespace rvb::runtime {

namespace {

// Has room for every bit of int64, uint64 and float64.
using Number = long double;
static_assert(std::numeric_limits<Number>::digits >= 64);

Number value(const NpyArray& array, size_t i) {
  return array.integers ? static_cast<Number>(array.whole[i]) : array.wide.empty() ? array.values[i] : array.wide[i];
}

class Reader {
public:
  Reader(const std::string& path, int64_t width, int64_t height) : path_(path) {
    recording_.width = width;
    recording_.height = height;
  }

  Recording read(const Bytes& bytes) {
    if (is_zip(bytes))
      read_archive(bytes);
    else
      read_array(bytes);
    return std::move(recording_);
  }

private:
  [[noreturn]] void fail(const std::string& text) const { throw Failure(Exit::user, path_ + ": " + text); }

  void read_archive(const Bytes& bytes) {
    auto members = parse_npz(bytes, path_);
    auto find = [&](const char* name) -> const Bytes* {
      for (auto& [title, contents] : members)
        if (title == name)
          return &contents;
      return nullptr;
    };
    const Bytes *t = find("t"), *x = find("x"), *y = find("y"), *p = find("p");
    if (t != nullptr && x != nullptr && y != nullptr && p != nullptr) {
      NpyArray columns[4] = {column(*x, "x"), column(*y, "y"), column(*p, "p"), column(*t, "t")};
      for (auto& each : columns)
        if (each.shape != columns[0].shape)
          fail("t, x, y and p have different lengths");
      for (size_t i = 0; i < static_cast<size_t>(columns[0].shape[0]); ++i)
        add(i, value(columns[0], i), value(columns[1], i), value(columns[2], i), value(columns[3], i));
      check_events();
    } else if (const Bytes* frames = find("frames")) {
      read_array(*frames);
    } else if (members.size() == 1) {
      read_array(members[0].second);
    } else {
      fail("the archive has neither t, x, y and p nor frames");
    }
  }

  NpyArray column(const Bytes& bytes, const char* name) const {
    NpyArray array = parse_npy(bytes.data(), bytes.size(), path_ + " (" + name + ")", true);
    if (array.shape.size() != 1)
      fail(std::string(name) + " has shape " + shape_text(array.shape) + ", expected [N]");
    return array;
  }

  void read_array(const Bytes& bytes) {
    if (read_structure(bytes)) {
      check_events();
      return;
    }
    auto is_list = [](const std::vector<int64_t>& shape) { return shape.size() == 2 && shape[1] == 4; };
    bool list = is_list(parse_npy_layout(bytes.data(), bytes.size(), path_).shape);
    NpyArray array = parse_npy(bytes.data(), bytes.size(), path_, list);
    size_t count = array.integers ? array.whole.size() : list ? array.wide.size() : array.values.size();
    if (list) {
      for (size_t i = 0; i < count; i += 4)
        add(i / 4, value(array, i), value(array, i + 1), value(array, i + 2), value(array, i + 3));
      check_events();
      return;
    }
    if (array.shape.size() < 2 || array.shape.size() > 4)
      fail("shape " + shape_text(array.shape) + ": expected events [N, 4] or frames [T, C, H, W]");
    recording_.frame_shape = array.shape;
    for (size_t i = 0; i < count; ++i)
      recording_.frames.push_back(static_cast<float>(value(array, i)));
  }

  // A structured array: `'descr': [('x', '<i2'), ('y', '<i2'), ('p', '|b1'), ('t', '<i8')]`, shape (N,).
  bool read_structure(const Bytes& bytes) {
    if (bytes.size() < 12 || std::memcmp(bytes.data(), "\x93NUMPY", 6) != 0)
      return false;
    size_t begin = bytes[6] == 1 ? 10 : 12;
    uint64_t length = bytes[8] | bytes[9] << 8;
    if (bytes[6] != 1)
      length |= static_cast<uint64_t>(bytes[10]) << 16 | static_cast<uint64_t>(bytes[11]) << 24;
    if (length > bytes.size() - begin)
      return false;
    std::string header(reinterpret_cast<const char*>(bytes.data()) + begin, length);
    size_t list = header.find('['), end = header.find(']');
    size_t descr = header.find("'descr'");
    if (descr == std::string::npos || list == std::string::npos || end == std::string::npos ||
        header.find_first_not_of(": ", descr + 7) != list)
      return false;
    struct Field {
      size_t offset = 0, width = 0;
      char kind = 0;
    } fields[4]; // x, y, p, t
    size_t row = 0;
    for (size_t at = list; (at = header.find('(', at)) < end;) {
      std::string name = quoted(header, at), type = quoted(header, at);
      Field field{row, type.size() == 3 ? static_cast<size_t>(type[2] - '0') : 0, type.size() == 3 ? type[1] : '\0'};
      bool whole = std::strchr("iu", field.kind) != nullptr && field.kind != 0 &&
                   (field.width == 1 || field.width == 2 || field.width == 4 || field.width == 8);
      bool truth = field.kind == 'b' && field.width == 1;
      if ((!whole && !truth) || type[0] == '>')
        fail("field `" + name + "` is of type `" + type + "`, whole little-endian numbers are read");
      int place = name == "x"                                          ? 0
                  : name == "y"                                        ? 1
                  : name == "p" || name == "polarity"                  ? 2
                  : name == "t" || name == "ts" || name == "timestamp" ? 3
                                                                       : -1;
      if (place >= 0)
        fields[place] = field;
      row += field.width;
      if (row > 256)
        fail("its structure is too large");
    }
    for (const Field& field : fields)
      if (field.width == 0)
        fail("its structure lacks one of x, y, p, t");
    const uint8_t* data = bytes.data() + begin + length;
    size_t size = bytes.size() - begin - length;
    if (row == 0 || size % row != 0)
      fail("it is truncated: " + std::to_string(size) + " bytes are no whole number of events");
    if (header.find("(" + std::to_string(size / row) + ",)") == std::string::npos)
      fail("it is truncated, or its shape is not [N]: it holds " + std::to_string(size / row) + " events");
    for (size_t i = 0; i < size / row; ++i) {
      Number values[4];
      for (int k = 0; k < 4; ++k)
        values[k] = number(data + i * row + fields[k].offset, fields[k].width, fields[k].kind == 'i');
      add(i, values[0], values[1], values[2], values[3]);
    }
    return true;
  }

  // The next text in quotes; `at` moves behind it.
  std::string quoted(const std::string& header, size_t& at) const {
    size_t begin = header.find('\'', at), end = begin == std::string::npos ? begin : header.find('\'', begin + 1);
    if (end == std::string::npos)
      fail("its header is damaged");
    at = end + 1;
    return header.substr(begin + 1, end - begin - 1);
  }

  static Number number(const uint8_t* from, size_t width, bool is_signed) {
    uint64_t value = 0;
    std::memcpy(&value, from, width);
    if (!is_signed)
      return static_cast<Number>(value);
    int shift = 64 - 8 * static_cast<int>(width);
    return static_cast<Number>(static_cast<int64_t>(value << shift) >> shift);
  }

  void add(size_t index, Number x, Number y, Number p, Number t) {
    bool inside =
        x >= 0 && x < static_cast<Number>(recording_.width) && y >= 0 && y < static_cast<Number>(recording_.height);
    if (!inside || (p != 0 && p != 1) || !(std::fabs(t) < static_cast<Number>(most_time)))
      fail("event " + std::to_string(index) + " (x " + text(x) + ", y " + text(y) + ", p " + text(p) + ", t " +
           text(t) + ") is none of a sensor of " + std::to_string(recording_.width) + " x " +
           std::to_string(recording_.height) + " pixels, the network's input");
    recording_.events.push_back({static_cast<int64_t>(std::floor(t)), static_cast<uint16_t>(x),
                                 static_cast<uint16_t>(y), static_cast<uint8_t>(p)});
  }
  static std::string text(Number value) {
    char text[32];
    std::snprintf(text, sizeof text, "%Lg", value);
    return text;
  }
  void check_events() const {
    if (recording_.events.empty())
      fail("it holds no events");
  }

  const std::string& path_;
  Recording recording_;
};

} // namespace

Recording parse_event_arrays(const Bytes& bytes, const std::string& path, int64_t width, int64_t height) {
  return Reader(path, width, height).read(bytes);
}

} // namespace rvb::runtime
