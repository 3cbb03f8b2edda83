#include "events/spikes_hdf5.h"

#include "base/child.h"
#include "base/failure.h"
#include "base/files.h"
#include "files/hdf5.h"

#include <cmath>
#include <fmt/format.h>

namespace rvb::runtime {

namespace {

constexpr int64_t cochlea = 700;                   // units
constexpr double most_seconds = 60;                // of a spoken word
constexpr int64_t most_samples = int64_t{1} << 20; // SSC has 75,466: a damaged header may promise any number
constexpr unsigned read_only = 0;                  // H5F_ACC_RDONLY, whose macro calls the library

class File {
public:
  explicit File(const std::string& path)
      : path_(path), h_(hdf5_for(path)), file_(h_.H5Fopen(path.c_str(), read_only, H5P_DEFAULT), h_.H5Fclose) {
    if (file_ < 0)
      fail(read_start(path, 1).empty() ? "it is empty, or cannot be read" : "it is no HDF5 file, or truncated");
  }

  const Hdf5& library() const { return h_; }
  hid_t id() const { return file_; }

  [[noreturn]] void fail(const std::string& text) const {
    throw Failure(Exit::user, path_ + ": not a valid SHD or SSC file: " + text);
  }

private:
  const std::string& path_;
  const Hdf5& h_;
  Hdf5Handle file_;
};

// One of the data sets of a file: a line of numbers or of lists of numbers.
class Line {
public:
  Line(const File& file, const char* name, bool lists)
      : file_(file), h_(file.library()), name_(name), data_(h_.H5Dopen2(file.id(), name, H5P_DEFAULT), h_.H5Dclose),
        space_(data_ < 0 ? -1 : h_.H5Dget_space(data_), h_.H5Sclose) {
    if (data_ < 0 || space_ < 0)
      file.fail("it has no data set `" + name_ + "`");
    hsize_t extent = 0;
    if (h_.H5Sget_simple_extent_ndims(space_) != 1 || h_.H5Sget_simple_extent_dims(space_, &extent, nullptr) != 1)
      file.fail("`" + name_ + "` is not one line of samples");
    count_ = static_cast<int64_t>(extent);
    Hdf5Handle type(h_.H5Dget_type(data_), h_.H5Tclose);
    H5T_class_t kind = h_.H5Tget_class(type);
    if (lists) {
      if (kind != H5T_VLEN)
        file.fail("`" + name_ + "` does not hold lists of various lengths");
      Hdf5Handle inner(h_.H5Tget_super(type), h_.H5Tclose);
      kind = h_.H5Tget_class(inner);
    }
    if (kind != H5T_INTEGER && kind != H5T_FLOAT)
      file.fail("`" + name_ + "` does not hold numbers");
    if (count_ > most_samples)
      file.fail("`" + name_ + "` has " + std::to_string(count_) + " samples, more than " +
                std::to_string(most_samples));
  }

  int64_t count() const { return count_; }

  std::vector<int64_t> numbers() const {
    std::vector<int64_t> values(static_cast<size_t>(count_));
    if (count_ > 0 && h_.H5Dread(data_, h_.native_int64, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()) < 0)
      file_.fail("`" + name_ + "` is damaged");
    return values;
  }

  std::vector<double> list(int64_t index) const {
    Hdf5Handle type(h_.H5Tvlen_create(h_.native_double), h_.H5Tclose);
    hsize_t one = 1, start = static_cast<hsize_t>(index);
    Hdf5Handle memory(h_.H5Screate_simple(1, &one, nullptr), h_.H5Sclose);
    hvl_t list{0, nullptr};
    h_.H5Sselect_hyperslab(space_, H5S_SELECT_SET, &start, nullptr, &one, nullptr);
    if (h_.H5Dread(data_, type, memory, space_, H5P_DEFAULT, &list) < 0)
      file_.fail("sample " + std::to_string(index) + " of `" + name_ + "` is damaged");
    const auto* values = static_cast<const double*>(list.p);
    std::vector<double> result(values, values + list.len);
    h_.H5Dvlen_reclaim(type, memory, H5P_DEFAULT, &list);
    return result;
  }

private:
  const File& file_;
  const Hdf5& h_;
  std::string name_;
  Hdf5Handle data_, space_;
  int64_t count_ = 0;
};

struct Lines {
  explicit Lines(const File& file)
      : times(file, "spikes/times", true), units(file, "spikes/units", true), labels(file, "labels", false) {
    if (times.count() != labels.count() || units.count() != labels.count())
      file.fail("it has " + std::to_string(labels.count()) + " labels, " + std::to_string(times.count()) +
                " times and " + std::to_string(units.count()) + " units");
  }
  Line times, units, labels;
};

// Failure unless the child came to its end.
void check_ending(Ending ending, const std::string& path) {
  if (ending == Ending::whole)
    return;
  throw Failure(Exit::user, path + ": not a valid SHD or SSC file, it is damaged: libhdf5 " +
                                (ending == Ending::too_long ? "does not come to an end with it"
                                 : ending == Ending::memory ? "asks for too much memory"
                                                            : "breaks down on it"));
}

Recording recording_of(const Message& message, int64_t sample, const std::string& time_unit, const std::string& path) {
  auto fail = [&](const std::string& text) {
    throw Failure(Exit::user, path + ": not a valid SHD or SSC file: sample " + std::to_string(sample) + " " + text);
  };
  Recording recording;
  recording.width = cochlea;
  recording.height = 1;
  recording.polarities = 1;
  size_t count = message.size() / 2; // times, then units
  std::vector<Number> times;
  for (size_t k = 0; k < count; ++k) {
    double time = message[k], unit = message[count + k];
    if (!(unit >= 0 && unit < cochlea) || unit != std::floor(unit))
      fail(fmt::format("has a spike of unit {:g}, the cochlea has 700 units", unit));
    if (time_unit.empty() && !(std::fabs(time) <= most_seconds))
      fail(fmt::format(
          "has a spike at {:g} s, and words last seconds: if times are not in seconds, name their unit with "
          "--time-unit ms, us or ns",
          time));
    times.push_back(time);
    recording.events.push_back({0, static_cast<uint16_t>(unit), 0, 0});
  }
  set_times(recording, times, time_unit.empty() ? "s" : time_unit, path + ": sample " + std::to_string(sample));
  return recording;
}

} // namespace

// libhdf5 1.10 does not check all that it follows: a damaged file can make it read where nothing is, never end, or fill
// the memory. So a child does it, within limits.
std::vector<int64_t> read_hdf5_labels(const std::string& path) {
  std::vector<int64_t> labels;
  Ending ending = in_child(
      [&](auto&& send) {
        File file(path);
        std::vector<int64_t> numbers = Lines(file).labels.numbers(); // only when as many samples are there
        send(Message(numbers.begin(), numbers.end()));
      },
      [&](const Message& message) {
        for (double label : message)
          labels.push_back(static_cast<int64_t>(label));
      });
  check_ending(ending, path);
  return labels;
}

void read_hdf5_spikes(const std::string& path, const std::vector<int64_t>& indices, const std::string& time_unit,
                      const std::function<void(size_t, const Recording&)>& each) {
  size_t received = 0;
  Ending ending = in_child(
      [&](auto&& send) {
        File file(path);
        Lines lines(file);
        for (int64_t index : indices) {
          std::vector<double> time = lines.times.list(index), unit = lines.units.list(index);
          if (time.size() != unit.size())
            file.fail("sample " + std::to_string(index) + " has " + std::to_string(time.size()) + " times and " +
                      std::to_string(unit.size()) + " units");
          time.insert(time.end(), unit.begin(), unit.end());
          send(time);
        }
      },
      [&](const Message& message) {
        each(received, recording_of(message, indices[received], time_unit, path));
        ++received;
      });
  check_ending(ending, path);
}

} // namespace rvb::runtime
