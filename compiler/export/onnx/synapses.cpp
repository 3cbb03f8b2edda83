// Convolutions, products and pools: ONNX has them on [N, C, H, W], so leading dimensions (time, batch) become one.
#include "export/onnx/translate.h"

#include "support/result.h"

#include <algorithm>

namespace rvb::exporting {

namespace {

using Attributes = Translator::Attributes;

// An attribute that is not known here would change what is computed.
void check_attributes(const ir::Op& op, const std::vector<std::string>& known) {
  for (const auto& [name, value] : op.attributes)
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw Failure(Exit::user, "`" + name + "` of layer `" + op.layer + "` has no ONNX form");
}

std::string images(Translator& out, const ir::Operand& operand) {
  const ir::Type& type = out.type(operand);
  if (type.element != ir::Element::f32)
    throw Failure(Exit::user, "pools and convolutions of integers have no ONNX form");
  const int leading = type.rank() - 3;
  const Tensor x = out.arranged(out.tensor(operand), channels_first(type, leading));
  if (leading == 1)
    return x.name;
  Dims dims = x.dims();
  dims.erase(dims.begin(), dims.begin() + leading);
  dims.insert(dims.begin(), -1);
  return out.reshaped(x.name, dims, "images");
}

// The result, from images.
void give(Translator& out, const ir::Op& op, std::string name) {
  const ir::Type& type = out.function().type(op.results[0]);
  const int leading = type.rank() - 3;
  const Tensor y{"", type, channels_first(type, leading)};
  out.bind(op.results[0], leading == 1 ? std::move(name) : out.reshaped(name, y.dims(), "sequence"), y.order);
}

std::vector<int64_t> pads(const ir::Op& op) {
  std::vector<int64_t> pad = op.has("pad") ? op.integers("pad") : std::vector<int64_t>{0, 0};
  return {pad[0], pad[1], pad[0], pad[1]};
}

Attributes window(const ir::Op& op) {
  return {{"kernel_shape", op.integers("kernel")}, {"strides", op.integers("stride")}, {"pads", pads(op)}};
}

const std::string& hint(const Translator& out, const ir::Op& op) {
  return out.function().values[static_cast<size_t>(op.results[0])].name;
}

} // namespace

void emits::conv2d(Translator& out, const ir::Op& op) {
  check_attributes(op, {"pad", "stride", "groups", "dilation"});
  const ir::Type& type = out.type(op.operands[1]); // [Kh, Kw, Ci, Co]
  const int64_t kh = type.dims[0], kw = type.dims[1], ci = type.dims[2], co = type.dims[3];
  std::string kernel;
  if (const auto numbers = out.known(op.operands[1])) {
    std::vector<float> turned(numbers->size());
    size_t at = 0;
    for (int64_t o = 0; o < co; ++o)
      for (int64_t i = 0; i < ci; ++i)
        for (int64_t k = 0; k < kh * kw; ++k)
          turned[at++] = (*numbers)[static_cast<size_t>((k * ci + i) * co + o)];
    kernel = out.weights({co, ci, kh, kw}, turned, "weight");
  } else {
    kernel = out.arranged(out.tensor(op.operands[1]), {3, 2, 0, 1}).name;
  }
  Attributes attributes = {
      {"kernel_shape", std::vector<int64_t>{kh, kw}}, {"strides", op.integers("stride")}, {"pads", pads(op)}};
  if (op.has("groups"))
    attributes["group"] = op.integer("groups");
  if (op.has("dilation"))
    attributes["dilations"] = op.integers("dilation");
  give(out, op, out.node("Conv", {images(out, op.operands[0]), kernel}, hint(out, op), std::move(attributes)));
}

void emits::linear(Translator& out, const ir::Op& op) {
  check_attributes(op, {});
  const auto numbers = out.known(op.operands[1]);
  const std::string kernel =
      numbers ? out.weights(out.type(op.operands[1]).dims, *numbers, "weight") : out.plain(op.operands[1]).name;
  out.bind(op.results[0], out.node("MatMul", {out.plain(op.operands[0]).name, kernel}, hint(out, op)),
           identity_order(out.function().type(op.results[0]).rank()));
}

void emits::matmul(Translator& out, const ir::Op& op) {
  check_attributes(op, {"transpose_a", "transpose_b"});
  const auto side = [&](size_t which, const char* transposed) {
    Tensor x = out.plain(op.operands[which]);
    if (op.integer(transposed) == 0)
      return x.name;
    std::vector<int64_t> order;
    for (const int axis : x.order)
      order.push_back(axis);
    std::swap(order[order.size() - 1], order[order.size() - 2]);
    return out.node("Transpose", {x.name}, "transposed", {{"perm", order}});
  };
  const std::string a = side(0, "transpose_a"), b = side(1, "transpose_b");
  out.bind(op.results[0], out.node("MatMul", {a, b}, hint(out, op)),
           identity_order(out.function().type(op.results[0]).rank()));
}

void emits::avgpool(Translator& out, const ir::Op& op) {
  check_attributes(op, {"kernel", "stride", "pad"});
  Attributes attributes = window(op);
  attributes["count_include_pad"] = int64_t{1};
  give(out, op, out.node("AveragePool", {images(out, op.operands[0])}, hint(out, op), attributes));
}

void emits::maxpool(Translator& out, const ir::Op& op) {
  check_attributes(op, {"kernel", "stride", "pad"});
  give(out, op, out.node("MaxPool", {images(out, op.operands[0])}, hint(out, op), window(op)));
}

void emits::global_avgpool(Translator& out, const ir::Op& op) {
  check_attributes(op, {});
  const std::string means = out.node("GlobalAveragePool", {images(out, op.operands[0])}, hint(out, op));
  const ir::Type& type = out.function().type(op.results[0]);
  out.bind(op.results[0], out.reshaped(means, type.dims, "means"), identity_order(type.rank()));
}

} // namespace rvb::exporting
