#include "layers/axes.h"

#include <algorithm>

namespace rvb::layers {

namespace {

// What a word says of a tensor: the places in its shape, from `first` on; `rank` where only tensors of that rank have
// it.
struct Name {
  const char* word;
  const char* of; // the tensors that have it
  size_t rank;    // 0: any with more dimensions than `first`
  size_t first;
  bool rest;         // all places from there on
  bool last = false; // the last place
};
constexpr Name names[] = {
    {"channel", "a tensor with channels, [channels, ...]", 0, 0, false},
    {"all", "a tensor with channels, [channels, ...]", 0, 0, true},
    {"space", "a tensor with more than channels, such as [channels, height, width]", 0, 1, true},
    {"token", "tokens [channels, tokens]", 2, 1, false},
    {"height", "an image [channels, height, width]", 3, 1, false},
    {"width", "an image [channels, height, width]", 3, 2, false},
    {"height", "a kernel [outputs, height, width, inputs]", 4, 1, false},
    {"width", "a kernel [outputs, height, width, inputs]", 4, 2, false},
    {"output", "weights [outputs, ..., inputs]", 0, 0, false},
    {"input", "weights [outputs, ..., inputs]", 0, 1, false, true},
    {"head", "tokens of several heads [channels, heads, tokens]", 3, 1, false},
};

} // namespace

const std::vector<std::string>& axis_words() {
  static const std::vector<std::string> words = [] {
    std::vector<std::string> all = {"time", "sample"};
    for (const Name& name : names)
      if (std::find(all.begin(), all.end(), name.word) == all.end())
        all.emplace_back(name.word);
    return all;
  }();
  return words;
}

const std::vector<std::string>& single_axis_words() {
  static const std::vector<std::string> words = [] {
    std::vector<std::string> all = {"time"};
    for (const Name& name : names)
      if (!name.rest && std::find(all.begin(), all.end(), name.word) == all.end())
        all.emplace_back(name.word);
    return all;
  }();
  return words;
}

std::optional<std::vector<Axis>> axes_of(const Tensor& tensor, const std::vector<std::string>& words, Fault& fault) {
  std::vector<Axis> axes;
  const auto add = [&](const Axis& axis) {
    if (std::find(axes.begin(), axes.end(), axis) == axes.end())
      axes.push_back(axis);
  };
  for (const std::string& word : words) {
    if (word == "time") {
      if (!tensor.has_time) {
        fault = no_time(tensor, "go over");
        return std::nullopt;
      }
      add({Axis::Kind::time, 0});
      continue;
    }
    if (word == "sample") {
      add({Axis::Kind::sample, 0});
      continue;
    }
    const size_t rank = tensor.shape.size();
    const auto of_rank = [&](const Name& each) { return word == each.word && (each.rank == 0 || each.rank == rank); };
    const Name* found = std::find_if(std::begin(names), std::end(names), of_rank);
    if (found == std::end(names))
      found = std::find_if(std::begin(names), std::end(names), [&](const Name& each) { return word == each.word; });
    const Name& name = *found;
    if (rank <= name.first || (name.rank != 0 && rank != name.rank)) {
      fault = wrong_rank(tensor, name.of);
      fault.note = "`" + word + "` is an axis of such tensors alone";
      return std::nullopt;
    }
    for (size_t place = name.last ? rank - 1 : name.first; place < (name.rest || name.last ? rank : name.first + 1);
         ++place)
      add({Axis::Kind::place, place});
  }
  return axes;
}

int64_t in_memory(const Tensor& tensor, const Axis& axis) {
  if (axis.kind == Axis::Kind::time)
    return 0;
  if (axis.kind == Axis::Kind::sample)
    return tensor.has_time ? 1 : 0;
  const size_t leading = (tensor.has_time ? 1 : 0) + (tensor.has_batch ? 1 : 0);
  return static_cast<int64_t>(leading + (axis.place == 0 ? tensor.shape.size() : axis.place) - 1);
}

Tensor with_shape(const Tensor& tensor, Shape shape) {
  Tensor other = tensor;
  other.shape = std::move(shape);
  return other;
}

} // namespace rvb::layers
