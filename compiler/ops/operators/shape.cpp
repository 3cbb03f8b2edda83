// flatten and unflatten: [H, W, C] in memory, but [C * H * W] in PyTorch's order, so that weights travel unchanged.
#include "ir/text.h"
#include "ops/rules.h"

namespace rvb::ops {

namespace {

std::optional<Types> flatten_types(const ir::Op& op, const Types& operands, std::string& error) {
  const ir::Type& x = operands[0];
  if (!attributes_fit(op, {}, error) || !is_tensor(as_real(x), 3, 3, "the tensor", error))
    return std::nullopt;
  auto end = x.dims.end();
  return Types{with_tail(x, 3, {end[-3] * end[-2] * end[-1]})};
}

std::optional<Types> unflatten_types(const ir::Op& op, const Types& operands, std::string& error) {
  const ir::Type& g = operands[0];
  if (!attributes_fit(op, {{"size", Kind::triple, 1}}, error) || !is_tensor(g, 1, 1, "the tensor", error))
    return std::nullopt;
  std::vector<int64_t> size = op.integers("size");
  ir::Type image{ir::Element::f32, size};
  if (!ir::fault(image).empty() || image.elements_per_sample() != g.dims.back()) {
    error = "the tensor has type " + ir::print(g) + ", which is not " + ir::print(image) + " in a row";
    return std::nullopt;
  }
  return Types{with_tail(g, 1, {size[0], size[1], size[2]})};
}

Gradients flatten_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  ir::Type x = b.type_of(op.operands[0]);
  std::vector<int64_t> size(x.dims.end() - 3, x.dims.end());
  return {make(b, ir::Opcode::unflatten, {*up[0]}, {{"size", size}})};
}

Gradients unflatten_gradient(ir::Builder& b, const ir::Op&, const Gradients& up) {
  return {make(b, ir::Opcode::flatten, {*up[0]})};
}

} // namespace

const Meaning rows::flatten{flatten_types, flatten_gradient, nullptr};
const Meaning rows::unflatten{unflatten_types, unflatten_gradient, nullptr};

} // namespace rvb::ops
