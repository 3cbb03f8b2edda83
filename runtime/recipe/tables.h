// What a recipe may name, with options, defaults and bounds: the tables of the .def files of this folder. The compiler
// checks recipes by them, the runtime command lines and checkpoints, and a test holds the manual against them. This
// folder knows neither of the two.
#pragma once

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace rvb::recipe {

enum class Kind { real, whole, flag };

struct Option {
  const char* name;
  Kind kind;
  double initial, least, most;
};

// What an augmentation works on; without a bit it does not matter.
enum Needs {
  needs_image = 1,
  needs_still = 2,
  needs_sequence = 4,
  needs_events = 8,
  needs_pixels = 16,
  needs_polarities = 32
};

struct Row {
  const char* name;
  const Option* options;   // the last one has no name
  const char* memory = ""; // of optimisers
  int needs = 0;           // of augmentations

  int count() const {
    int count = 0;
    while (options[count].name != nullptr)
      ++count;
    return count;
  }
  int find(const std::string& option) const { // -1: there is none
    for (int i = 0; options[i].name != nullptr; ++i)
      if (option == options[i].name)
        return i;
    return -1;
  }
};

// What the row needs and such an input lacks, in words; null: nothing.
inline const char* lacking(const Row& row, bool image, bool sequence, int64_t channels) {
  if ((row.needs & needs_polarities) != 0 && (!image || channels != 2))
    return "frames of two channels, one a polarity";
  if ((row.needs & needs_image) != 0 && !image)
    return "images";
  if ((row.needs & needs_still) != 0 && sequence)
    return "a still image";
  if ((row.needs & needs_sequence) != 0 && !sequence)
    return "a sequence of frames, `over T`";
  return nullptr;
}

struct Table {
  const char* setting; // of the recipe
  const Row* rows;
  int count;

  const Row* begin() const { return rows; }
  const Row* end() const { return rows + count; }
  const Row* find(const std::string& name) const { // null: there is none
    const Row* row = std::find_if(begin(), end(), [&](const Row& each) { return name == each.name; });
    return row == end() ? nullptr : row;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const Row& row : *this)
      all.emplace_back(row.name);
    return all;
  }
};

// A row that was chosen, with a number for each of its options; true is 1.
class Choice {
public:
  explicit Choice(const Row& row) : row_(&row) {
    for (int i = 0; i < row.count(); ++i)
      values_.push_back(row.options[i].initial);
  }
  Choice(const Table& table, const std::string& name) : Choice(*table.find(name)) {}

  const Row& row() const { return *row_; }
  bool is(const std::string& name) const { return name == row_->name; }
  double& operator[](int option) { return values_[static_cast<size_t>(option)]; }
  double operator[](int option) const { return values_[static_cast<size_t>(option)]; }
  // Of an option that the row has.
  double operator[](const char* option) const { return (*this)[place(option)]; }
  void set(const char* option, double value) { (*this)[place(option)] = value; }
  double value_or(const char* option, double other) const {
    const int place = row_->find(option);
    return place < 0 ? other : (*this)[place];
  }

private:
  int place(const char* option) const {
    const int place = row_->find(option);
    if (place < 0)
      throw std::logic_error(std::string(row_->name) + " has no option " + option);
    return place;
  }
  const Row* row_;
  std::vector<double> values_;
};

extern const Table optimizers, schedules, losses, augmentations;

// Kinds of parameters, an option each: factors on the rate, and decays in place of the optimiser's. A decay below 0 is
// not given.
extern const Row rates_row, decays_row;

} // namespace rvb::recipe
