#include "layers/broadcast.h"

#include <algorithm>

namespace rvb::layers {

std::optional<Tensor> common(const std::vector<Tensor>& tensors) {
  Tensor all{{}, false, false, false};
  for (const Tensor& each : tensors) {
    all.has_time |= each.has_time;
    all.has_batch |= each.has_batch;
    all.shape.resize(std::max(all.shape.size(), each.shape.size()), 1);
    for (size_t i = 0; i < each.shape.size(); ++i) {
      if (each.shape[i] != 1 && all.shape[i] != 1 && each.shape[i] != all.shape[i])
        return std::nullopt;
      all.shape[i] = std::max(all.shape[i], each.shape[i]);
    }
  }
  return all;
}

namespace {

// Whether axis i of the shape is to be repeated.
bool repeats(const Tensor& from, const Tensor& to, size_t i) {
  return i >= from.shape.size() || from.shape[i] != to.shape[i];
}

// The axes of the shape as they lie in memory: the channels last.
std::vector<size_t> in_memory(const Shape& shape) {
  std::vector<size_t> axes;
  for (size_t i = 1; i < shape.size(); ++i)
    axes.push_back(i);
  if (!shape.empty())
    axes.push_back(0);
  return axes;
}

} // namespace

ir::Value expand(Build& build, ir::Value value, const Tensor& from, const Tensor& to) {
  if (from.truth) { // masks are not copied: as numbers and back
    const ir::Value numbers =
        build.make(ir::Opcode::select, {value, ir::Operand::literal(1), ir::Operand::literal(0)}, {}, "numbers");
    Tensor as_numbers = from, all = to;
    as_numbers.truth = all.truth = false;
    const ir::Value every = expand(build, numbers, as_numbers, all);
    return every == numbers
               ? value
               : build.make(ir::Opcode::greater_equal, {every, ir::Operand::literal(0.5)}, {}, "everywhere");
  }
  std::vector<int64_t> kept, axes, sizes; // what stays of `value`; the new axes, counted without time
  const auto axis = [&](bool is_new, int64_t size) {
    if (!is_new) {
      kept.push_back(size);
      return;
    }
    axes.push_back(static_cast<int64_t>(axes.size() + kept.size()));
    sizes.push_back(size);
  };
  if (from.has_time)
    axis(false, build.network.input.steps);
  if (to.has_batch)
    axis(!from.has_batch, ir::batch);
  for (const size_t i : in_memory(to.shape))
    axis(repeats(from, to, i), to.shape[i]);
  if (kept != build.type(value).dims)
    value = build.make(ir::Opcode::reshape, {value}, {{"dims", kept}}, "same");
  if (!axes.empty())
    value = build.make(ir::Opcode::expand, {value}, {{"axes", axes}, {"sizes", sizes}}, "everywhere");
  if (to.has_time && !from.has_time)
    value = build.make(ir::Opcode::repeat, {value}, {{"times", build.network.input.steps}}, "steps");
  return value;
}

ir::Value broadcast(Build& build, ir::Value value, const Tensor& from, const Tensor& to) {
  // An elementwise operation repeats numbers and vectors of the channels.
  const bool of_channels = from.shape.empty() || (from.shape.size() == 1 && from.shape[0] == to.shape[0]);
  if (!from.has_time && !from.has_batch && !from.truth && of_channels)
    return value;
  return expand(build, value, from, to);
}

} // namespace rvb::layers
