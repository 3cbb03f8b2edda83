// conv2d and its two gradients. Cross-correlation as in PyTorch:
// y[h, w, o] = sum over (i, j, c) of x[h*sh + i*dh - ph, w*sw + j*dw - pw, c] * k[i, j, c, o]. With groups, c counts
// the channels of o's group.
#include "ir/text.h"
#include "ops/synapse.h"

#include <algorithm>

namespace rvb::ops {

Window window_of(const ir::Op& op, const std::vector<int64_t>& kernel) {
  std::vector<int64_t> stride = op.integers("stride"), pad = op.integers("pad"), dilation = op.integers("dilation");
  Window window{{kernel[0], kernel[1]}, {stride[0], stride[1]}, {pad[0], pad[1]}};
  for (size_t axis = 0; axis < dilation.size(); ++axis)
    window.dilation[axis] = dilation[axis];
  return window;
}

int64_t groups_of(const ir::Op& op) {
  return std::max<int64_t>(1, op.integer("groups"));
}

bool groups_fit(const ir::Op& op, int64_t in, int64_t out, std::string& error) {
  const int64_t groups = groups_of(op);
  return (in % groups == 0 && out % groups == 0) ||
         fail(error, std::to_string(groups) + " groups do not divide " + std::to_string(in) + " channels in and " +
                         std::to_string(out) + " out");
}

namespace {

using ir::Opcode;

struct Shape {
  int64_t extent[2];
  int64_t channels;
};

Shape shape_of(const ir::Type& type) {
  auto end = type.dims.end();
  return {{end[-3], end[-2]}, end[-1]};
}

bool is_image(const ir::Type& type, const char* what, std::string& error) {
  return is_tensor(type, 3, 3, what, error);
}

bool is_kernel(const ir::Type& type, std::string& error) {
  return is_tensor(type, 4, 4, "the kernel", error) &&
         (type.rank() == 4 || fail(error, "the kernel has type " + ir::print(type) + ", expected [Kh,Kw,Ci,Co]"));
}

bool channels_agree(int64_t image, int64_t kernel, std::string& error) {
  return image == kernel || fail(error, "the tensor has " + std::to_string(image) + " channels, the kernel takes " +
                                            std::to_string(kernel));
}

bool leading_agree(const ir::Type& a, const ir::Type& b, std::string& error) {
  bool same = a.rank() == b.rank();
  for (int i = 0; same && i < a.rank() - 3; ++i)
    same = a.dims[i] == b.dims[i];
  return same || fail(error, "types " + ir::print(a) + " and " + ir::print(b) + " differ in their leading dimensions");
}

bool extents_agree(const int64_t (&expected)[2], const Shape& gradient, std::string& error) {
  return (expected[0] == gradient.extent[0] && expected[1] == gradient.extent[1]) ||
         fail(error, "the gradient covers " + std::to_string(gradient.extent[0]) + " x " +
                         std::to_string(gradient.extent[1]) + " positions, the convolution has " +
                         std::to_string(expected[0]) + " x " + std::to_string(expected[1]));
}

constexpr AttributeRule pad_rule{"pad", Kind::pair, 0};
constexpr AttributeRule stride_rule{"stride", Kind::pair, 1};
// Left out where they are 1.
constexpr AttributeRule dilation_rule{"dilation", Kind::pair, 1, Need::optional};
constexpr AttributeRule groups_rule{"groups", Kind::integer, 2, Need::optional};

std::optional<Types> forward_types(const ir::Op& op, const Types& operands, std::string& error) {
  const ir::Type &x = operands[0], &w = operands[1];
  if (!attributes_fit(op, {dilation_rule, groups_rule, pad_rule, stride_rule}, error) ||
      !is_image(x, "the tensor", error) || !is_kernel(w, error) ||
      !channels_agree(shape_of(x).channels, product({w.dims[2], groups_of(op)}), error) ||
      !groups_fit(op, shape_of(x).channels, w.dims[3], error))
    return std::nullopt;
  int64_t out[2];
  if (!windows_fit(shape_of(x).extent, window_of(op, w.dims), out, error))
    return std::nullopt;
  return Types{with_tail(x, 3, {out[0], out[1], w.dims[3]})};
}

std::optional<Types> input_gradient_types(const ir::Op& op, const Types& operands, std::string& error) {
  const ir::Type &g = operands[0], &w = operands[1];
  if (!attributes_fit(op, {dilation_rule, groups_rule, pad_rule, {"size", Kind::pair, 1}, stride_rule}, error) ||
      !is_image(g, "the gradient", error) || !is_kernel(w, error) ||
      !channels_agree(shape_of(g).channels, w.dims[3], error) ||
      !groups_fit(op, product({w.dims[2], groups_of(op)}), w.dims[3], error))
    return std::nullopt;
  std::vector<int64_t> size = op.integers("size");
  int64_t extent[2] = {size[0], size[1]}, out[2];
  if (!windows_fit(extent, window_of(op, w.dims), out, error) || !extents_agree(out, shape_of(g), error))
    return std::nullopt;
  return Types{with_tail(g, 3, {size[0], size[1], product({w.dims[2], groups_of(op)})})};
}

std::optional<Types> weight_gradient_types(const ir::Op& op, const Types& operands, std::string& error) {
  const ir::Type &x = operands[0], &g = operands[1];
  if (!attributes_fit(op, {dilation_rule, groups_rule, {"kernel", Kind::pair, 1}, pad_rule, stride_rule}, error) ||
      !is_image(x, "the tensor", error) || !is_image(g, "the gradient", error) || !leading_agree(x, g, error) ||
      !groups_fit(op, shape_of(x).channels, shape_of(g).channels, error))
    return std::nullopt;
  std::vector<int64_t> kernel = op.integers("kernel");
  int64_t out[2];
  if (!windows_fit(shape_of(x).extent, window_of(op, kernel), out, error) || !extents_agree(out, shape_of(g), error))
    return std::nullopt;
  return Types{
      ir::Type{ir::Element::f32, {kernel[0], kernel[1], shape_of(x).channels / groups_of(op), shape_of(g).channels}}};
}

Gradients forward_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  const ir::Operand &x = op.operands[0], &w = op.operands[1];
  Shape image = shape_of(b.type_of(x));
  std::vector<int64_t> kernel = b.type_of(w).dims;
  ir::Attributes to_input = op.attributes, to_weight = op.attributes;
  to_input["size"] = std::vector<int64_t>{image.extent[0], image.extent[1]};
  to_weight["kernel"] = std::vector<int64_t>{kernel[0], kernel[1]};
  return {make(b, Opcode::conv2d_input_gradient, {*up[0], w}, to_input),
          make(b, Opcode::conv2d_weight_gradient, {x, *up[0]}, to_weight)};
}

// Positions of the windows x taps x channels in x channels out: the same for the convolution and both its gradients.
Count forward_count(const ir::Function& function, const ir::Op& op) {
  const std::vector<int64_t>& kernel = function.type(op.operands[1].value).dims;
  return count_synapses(function, op.operands[1],
                        product({function.type(op.results[0]).elements_per_sample(), kernel[0], kernel[1], kernel[2]}));
}

Count input_gradient_count(const ir::Function& function, const ir::Op& op) {
  const std::vector<int64_t>& kernel = function.type(op.operands[1].value).dims;
  return count_synapses(
      function, op.operands[1],
      product({function.type(op.operands[0].value).elements_per_sample(), kernel[0], kernel[1], kernel[2]}));
}

Count weight_gradient_count(const ir::Function& function, const ir::Op& op) {
  const std::vector<int64_t>& kernel = function.type(op.results[0]).dims;
  Count count;
  count.multiply_adds =
      product({function.type(op.operands[1].value).elements_per_sample(), kernel[0], kernel[1], kernel[2]});
  return count;
}

// As an operation of its own (transposed convolution): correlations of what comes back.
Gradients input_gradient_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  const ir::Operand &g = op.operands[0], &w = op.operands[1];
  std::vector<int64_t> kernel = b.type_of(w).dims;
  ir::Attributes shared = op.attributes;
  shared.erase("size");
  ir::Attributes to_weight = shared;
  to_weight["kernel"] = std::vector<int64_t>{kernel[0], kernel[1]};
  return {make(b, Opcode::conv2d, {*up[0], w}, shared),
          make(b, Opcode::conv2d_weight_gradient, {*up[0], g}, to_weight)};
}

} // namespace

const Meaning rows::conv2d{forward_types, forward_gradient, forward_count};
const Meaning rows::conv2d_input_gradient{input_gradient_types, input_gradient_gradient, input_gradient_count};
const Meaning rows::conv2d_weight_gradient{weight_gradient_types, nullptr, weight_gradient_count};

} // namespace rvb::ops
