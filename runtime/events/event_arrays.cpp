// NumPy arrays with one recording a file, as SpikingJelly, Tonic and the cameras' tools leave them:
//   .npz with t, x, y, p            events, one array a column
//   .npy of a structure x, y, p, t  events; in any order, with other fields and padding
//   .npy [N, 4]                     events, columns x, y, p, t
//   .npy, or .npz with `frames`     frames [T, C, H, W]
// Columns may have the names of the table below. Polarities are 0 and 1, truth values, or -1 and 1.
#include "events/events.h"

#include "base/failure.h"
#include "files/npy.h"
#include "files/npy_structure.h"
#include "files/npz.h"
#include "files/safetensors.h"

#include <cmath>
#include <cstring>

namespace rvb::runtime {

namespace {

enum Column { x, y, p, t, columns };

// Names that tools give the columns, without regard to case.
struct {
  const char* name;
  Column column;
} const names[] = {{"x", x},  {"xs", x},   {"y", y},        {"ys", y},         {"p", p},
                   {"ps", p}, {"pol", p},  {"polarity", p}, {"polarities", p}, {"t", t},
                   {"ts", t}, {"time", t}, {"times", t},    {"timestamp", t},  {"timestamps", t}};

int column_of(std::string name) {
  for (char& c : name)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const auto& row : names)
    if (name == row.name)
      return row.column;
  return columns;
}

const char* const expected = "x, y, p (or pol, polarity) and t (or ts, timestamp)";

class Reader {
public:
  Reader(const std::string& path, int64_t width, int64_t height, const std::string& time_unit)
      : path_(path), time_unit_(time_unit) {
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
    const auto members = parse_npz(bytes, path_);
    const Bytes *found[columns] = {}, *frames = nullptr, *events = nullptr;
    std::string titles[columns], all;
    for (const auto& [title, contents] : members) {
      all += (all.empty() ? "" : ", ") + title;
      if (title == "frames")
        frames = &contents;
      else if (title == "events")
        events = &contents;
      else if (int column = column_of(title); column < columns)
        place(column, title, titles, found, &contents);
    }
    if (found[x] != nullptr && found[y] != nullptr && found[p] != nullptr && found[t] != nullptr) {
      NpyNumbers arrays[columns];
      for (int k = 0; k < columns; ++k) {
        arrays[k] = column(*found[k], titles[k]);
        if (arrays[k].shape != arrays[0].shape)
          fail(titles[x] + ", " + titles[y] + ", " + titles[p] + " and " + titles[t] + " have different lengths");
      }
      read_events(static_cast<size_t>(arrays[0].shape[0]), [&](size_t i, int k) { return arrays[k].value(i); });
    } else if (frames != nullptr || events != nullptr) {
      read_array(frames != nullptr ? *frames : *events);
    } else if (members.size() == 1) {
      read_array(members[0].second);
    } else {
      fail("the archive has neither the columns " + std::string(expected) + " nor frames; it holds " +
           all.substr(0, 200) + " (NPZ archives are read as recordings; samples in arrays are read from .npy files)");
    }
  }

  // A column found under `title`. The plain names of one letter go before others.
  template <class Found>
  void place(int column, const std::string& title, std::string* titles, Found** to, Found* found) const {
    if (to[column] != nullptr && titles[column].size() == 1)
      return;
    if (to[column] != nullptr && title.size() > 1)
      fail("`" + titles[column] + "` and `" + title + "` name the same column of events");
    titles[column] = title;
    to[column] = found;
  }

  NpyNumbers column(const Bytes& bytes, const std::string& name) const {
    NpyNumbers array = npy_numbers(bytes.data(), bytes.size(), path_ + " (" + name + ")");
    if (array.shape.size() != 1)
      fail(name + " has shape " + shape_text(array.shape) + ", expected [N]");
    return array;
  }

  void read_array(const Bytes& bytes) {
    if (auto structure = parse_npy_structure(bytes, path_)) {
      read_structure(*structure);
      return;
    }
    const NpyNumbers array = npy_numbers(bytes.data(), bytes.size(), path_);
    if (array.shape.size() == 2 && array.shape[1] == columns) {
      read_events(static_cast<size_t>(array.shape[0]),
                  [&](size_t i, int k) { return array.value(i * columns + static_cast<size_t>(k)); });
      return;
    }
    if (array.shape.size() < 2)
      fail("shape " + shape_text(array.shape) + ": expected events [N, 4] or frames [T, C, H, W]");
    recording_.frame_shape = array.shape;
    recording_.frames.resize(array.count);
    for (uint64_t i = 0; i < array.count; ++i)
      recording_.frames[i] = static_cast<float>(array.value(i));
  }

  void read_structure(const NpyStructure& structure) {
    const NpyField* found[columns] = {};
    std::string titles[columns], all;
    for (const NpyField& field : structure.fields) {
      if (!field.name.empty())
        all += (all.empty() ? "" : ", ") + field.name;
      if (int column = column_of(field.name); column < columns) {
        if (!field.number)
          fail("field `" + field.name + "` is of type `" + field.type +
               "`, expected one integer, truth value or floating-point number of at most 64 bits an event");
        place(column, field.name, titles, found, &field);
      }
    }
    for (const NpyField* field : found)
      if (field == nullptr)
        fail("its structure lacks one of " + std::string(expected) + "; it has " + all);
    read_events(structure.count, [&](size_t i, int k) { return structure.value(*found[k], i); });
  }

  // number(i, column) for the columns of event i.
  template <class Get> void read_events(size_t count, Get&& number) {
    if (count == 0)
      fail("it holds no events");
    std::vector<Number> times;
    times.reserve(count);
    recording_.events.reserve(count);
    bool zeros = false, minus = false;
    for (size_t i = 0; i < count; ++i) {
      Number at_x = number(i, x), at_y = number(i, y), polarity = number(i, p);
      check_place(i, at_x, at_y);
      zeros = zeros || polarity == 0;
      minus = minus || polarity == -1;
      if ((polarity != 0 && polarity != 1 && polarity != -1) || (zeros && minus))
        fail("event " + std::to_string(i) + " has polarity " + text(polarity) +
             (zeros && minus ? ", and both 0 and -1 occur" : "") + "; polarities are 0 and 1, or -1 and 1");
      times.push_back(number(i, t));
      recording_.events.push_back({0, static_cast<uint16_t>(at_x), static_cast<uint16_t>(at_y), polarity == 1});
    }
    set_times(recording_, times, time_unit_, path_);
  }

  void check_place(size_t index, Number at_x, Number at_y) const {
    auto inside = [](Number at, int64_t extent) { return at >= 0 && at < static_cast<Number>(extent); };
    bool within = inside(at_x, recording_.width) && inside(at_y, recording_.height);
    if (within && at_x == std::floor(at_x) && at_y == std::floor(at_y))
      return;
    std::string where = "event " + std::to_string(index) + " (x " + text(at_x) + ", y " + text(at_y) + ")";
    if (!within)
      fail(where + " is outside of a sensor of " + std::to_string(recording_.width) + " x " +
           std::to_string(recording_.height) + " pixels, the network's input (columns are " + expected + ")");
    fail(where + " is not at a pixel: x and y are integers");
  }

  static std::string text(Number value) {
    char text[32];
    std::snprintf(text, sizeof text, "%Lg", value);
    return text;
  }

  const std::string &path_, &time_unit_;
  Recording recording_;
};

} // namespace

Recording parse_event_arrays(const Bytes& bytes, const std::string& path, int64_t width, int64_t height,
                             const std::string& time_unit) {
  return Reader(path, width, height, time_unit).read(bytes);
}

} // namespace rvb::runtime
