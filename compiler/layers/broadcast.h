// Tensors of several shapes in one operation. Axes are aligned from the channels on: [C] stands beside [C, H, W] as
// [C, 1, 1] would. An axis of size 1, one that is missing, time and samples are repeated where another tensor has more.
#pragma once

#include "layers/build.h"

#include <optional>
#include <vector>

namespace rvb::layers {

// The shape of all of them together, numbers; nothing where two axes differ and neither is 1.
std::optional<Tensor> common(const std::vector<Tensor>& tensors);

// `value`, a `from`, as an operand of an elementwise operation on `to`s: as it is where the operation repeats it
// itself.
ir::Value broadcast(Build& build, ir::Value value, const Tensor& from, const Tensor& to);

// `value` in full, as `to`.
ir::Value expand(Build& build, ir::Value value, const Tensor& from, const Tensor& to);

} // namespace rvb::layers
