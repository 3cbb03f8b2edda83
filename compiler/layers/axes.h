// Axes by their names in the language, and where they lie in memory.
#pragma once

#include "layers/layer.h"

namespace rvb::layers {

// An axis of a tensor: time, the samples, or a place in its shape.
struct Axis {
  enum class Kind { time, sample, place } kind = Kind::place;
  size_t place = 0;
  bool operator==(const Axis& o) const { return kind == o.kind && place == o.place; }
};

// The words that name axes of one tensor.
const std::vector<std::string>& axis_words();
// Those that name one axis, not several; `sample` is none of them.
const std::vector<std::string>& single_axis_words();

// The axes that `words` name, none twice; nothing and a fault where the tensor has none of that name.
std::optional<std::vector<Axis>> axes_of(const Tensor& tensor, const std::vector<std::string>& words, Fault& fault);

// The dimension in memory: time, samples, the shape from its second place on, the channels.
int64_t in_memory(const Tensor& tensor, const Axis& axis);

// The mean of all elements, as a number: over samples and time as well.
ir::Value mean_of_all(Build& build, ir::Value value, const Tensor& tensor);

// The shape as a tensor of the same time and samples.
Tensor with_shape(const Tensor& tensor, Shape shape);

} // namespace rvb::layers
