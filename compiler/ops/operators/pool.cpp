// Pools and their gradients. The divisor of an average is always the whole kernel; padding of a maximum is -inf.
#include "ir/text.h"
#include "ops/synapse.h"

namespace rvb::ops {

namespace {

using ir::Opcode;

constexpr AttributeRule kernel_rule{"kernel", Kind::pair, 1};
constexpr AttributeRule stride_rule{"stride", Kind::pair, 1};
constexpr AttributeRule pad_rule{"pad", Kind::pair, 0};
constexpr AttributeRule size_rule{"size", Kind::pair, 1};

// The pooled type of x; as in PyTorch padding is at most half the kernel, so that no window lies in the padding alone.
std::optional<ir::Type> pooled(const ir::Op& op, const ir::Type& x, std::string& error) {
  Window window = window_of(op, op.integers("kernel"));
  for (int axis = 0; axis < 2; ++axis)
    if (window.pad[axis] > window.kernel[axis] / 2) {
      error = "padding " + std::to_string(window.pad[axis]) + " is more than half the kernel";
      return std::nullopt;
    }
  int64_t extent[2] = {x.dims.end()[-3], x.dims.end()[-2]}, out[2];
  if (!windows_fit(extent, window, out, error))
    return std::nullopt;
  return with_tail(x, 3, {out[0], out[1], x.dims.back()});
}

std::optional<Types> pool_types(const ir::Op& op, const Types& operands, std::string& error) {
  if (!attributes_fit(op, {kernel_rule, pad_rule, stride_rule}, error) ||
      !is_tensor(as_real(operands[0]), 3, 3, "the tensor", error))
    return std::nullopt;
  auto result = pooled(op, operands[0], error);
  if (!result)
    return std::nullopt;
  return Types{*result};
}

// `x` as the pool's input, `g` as its output?
std::optional<Types> gradient_of(const ir::Op& op, const ir::Type& x, const ir::Type& g, std::string& error) {
  auto result = pooled(op, x, error);
  if (!result)
    return std::nullopt;
  if (*result != g) {
    error = "the gradient has type " + ir::print(g) + ", the pool gives " + ir::print(*result);
    return std::nullopt;
  }
  return Types{x};
}

std::optional<Types> avgpool_gradient_types(const ir::Op& op, const Types& operands, std::string& error) {
  if (!attributes_fit(op, {kernel_rule, pad_rule, size_rule, stride_rule}, error) ||
      !is_tensor(operands[0], 3, 3, "the gradient", error))
    return std::nullopt;
  std::vector<int64_t> size = op.integers("size");
  return gradient_of(op, with_tail(operands[0], 3, {size[0], size[1], operands[0].dims.back()}), operands[0], error);
}

std::optional<Types> maxpool_gradient_types(const ir::Op& op, const Types& operands, std::string& error) {
  if (!attributes_fit(op, {kernel_rule, pad_rule, stride_rule}, error) ||
      !is_tensor(operands[0], 3, 3, "the gradient", error) || !is_tensor(operands[1], 3, 3, "the tensor", error))
    return std::nullopt;
  return gradient_of(op, operands[1], operands[0], error);
}

std::optional<Types> global_types(const ir::Op& op, const Types& operands, std::string& error) {
  if (!attributes_fit(op, {}, error) || !is_tensor(operands[0], 3, 3, "the tensor", error))
    return std::nullopt;
  return Types{with_tail(operands[0], 3, {operands[0].dims.back()})};
}

std::optional<Types> global_gradient_types(const ir::Op& op, const Types& operands, std::string& error) {
  if (!attributes_fit(op, {size_rule}, error) || !is_tensor(operands[0], 1, 1, "the gradient", error))
    return std::nullopt;
  std::vector<int64_t> size = op.integers("size");
  return Types{with_tail(operands[0], 1, {size[0], size[1], operands[0].dims.back()})};
}

ir::Attribute size_of(const ir::Type& x) {
  return std::vector<int64_t>{x.dims.end()[-3], x.dims.end()[-2]};
}

Gradients avgpool_rule(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  ir::Attributes attributes = op.attributes;
  attributes["size"] = size_of(b.type_of(op.operands[0]));
  return {make(b, Opcode::avgpool_gradient, {*up[0]}, attributes)};
}

Gradients maxpool_rule(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  return {make(b, Opcode::maxpool_gradient, {*up[0], op.operands[0]}, op.attributes)};
}

Gradients global_rule(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  return {make(b, Opcode::global_avgpool_gradient, {*up[0]}, {{"size", size_of(b.type_of(op.operands[0]))}})};
}

} // namespace

const Meaning rows::avgpool{pool_types, avgpool_rule, nullptr};
const Meaning rows::avgpool_gradient{avgpool_gradient_types, nullptr, nullptr};
const Meaning rows::maxpool{pool_types, maxpool_rule, nullptr};
const Meaning rows::maxpool_gradient{maxpool_gradient_types, nullptr, nullptr};
const Meaning rows::global_avgpool{global_types, global_rule, nullptr};
const Meaning rows::global_avgpool_gradient{global_gradient_types, nullptr, nullptr};

} // namespace rvb::ops
