// Sums with real weights: fused multiply-adds in the order of the native kernels, over channels, then taps.
#include "codegen/c/operation.h"

#include <cstring>

namespace rvb::codegen::c {

Window window_of(const ir::Function& function, const ir::Op& op) {
  const ir::Type &x = function.type(op.operands[0].value), &y = function.type(op.results[0]);
  Window w;
  w.in = x.channels();
  w.out = y.channels();
  if (op.opcode != ir::Opcode::conv2d && op.opcode != ir::Opcode::binary_conv2d)
    return w;
  const auto dim = [](const ir::Type& type, int from_end) {
    return type.dims[static_cast<size_t>(type.rank() - from_end)];
  };
  w.height = dim(x, 3);
  w.width = dim(x, 2);
  w.out_height = dim(y, 3);
  w.out_width = dim(y, 2);
  std::vector<int64_t> kernel = op.integers("kernel");
  if (op.opcode == ir::Opcode::conv2d)
    kernel = {function.type(op.operands[1].value).dims[0], function.type(op.operands[1].value).dims[1]};
  w.kernel_y = kernel.at(0);
  w.kernel_x = kernel.at(1);
  const auto pair = [&](const char* name, int64_t& first, int64_t& second) {
    if (const std::vector<int64_t> values = op.integers(name); values.size() == 2) {
      first = values[0];
      second = values[1];
    }
  };
  pair("pad", w.pad_y, w.pad_x);
  pair("stride", w.stride_y, w.stride_x);
  pair("dilation", w.tap_y, w.tap_x);
  return w;
}

namespace {

// [taps, in, out] as [out, taps, in], so that an output's weights follow each other.
std::vector<uint8_t> by_output(const std::vector<float>& weights, const Window& w) {
  const int64_t depth = w.taps() * w.in;
  std::vector<float> turned(weights.size());
  for (int64_t d = 0; d < depth; ++d)
    for (int64_t o = 0; o < w.out; ++o)
      turned[static_cast<size_t>(o * depth + d)] = weights[static_cast<size_t>(d * w.out + o)];
  const auto* first = reinterpret_cast<const uint8_t*>(turned.data());
  return {first, first + 4 * turned.size()};
}

} // namespace

Sums real_sums(Operation& out) {
  if (out.op.integer("groups", 1) > 1)
    out.refuse("groups");
  const Window w = window_of(out.function, out.op);
  const ir::Constant* constant = nullptr;
  for (const ir::Op& op : out.function.ops)
    if (op.opcode == ir::Opcode::constant && op.results[0] == out.op.operands[1].value)
      constant = &out.writer.module().constants.at(op.text("name"));
  if (constant == nullptr || constant->bytes.empty())
    out.refuse("its weights are computed");
  const std::string weights =
      out.writer.array(ir::Element::f32, out.op.layer + ".weights", by_output(constant->floats(), w));
  Text text;
  const bool one = w.height * w.width == 1 && w.taps() == 1;
  text.open("static void @(const float* x, int32_t at, int32_t top, int32_t left, float* sums)");
  text.line("const float* w = {};", weights);
  if (one)
    text.line("(void)top, (void)left;");
  text.loop("o", w.out);
  text.line("float sum = 0.0f;");
  if (one) {
    text.line("const float* pixel = x + at;");
  } else {
    text.open("for (int32_t ky = 0; ky < {}; ++ky)", w.kernel_y);
    text.open("for (int32_t kx = 0; kx < {0}; ++kx, w += {1})", w.kernel_x, w.in);
    text.line("const int32_t y = top + ky{}, column = left + kx{};", w.tap_y == 1 ? "" : fmt::format(" * {}", w.tap_y),
              w.tap_x == 1 ? "" : fmt::format(" * {}", w.tap_x));
    text.line("if ((uint32_t)y >= {}u || (uint32_t)column >= {}u)", w.height, w.width);
    text.line("  continue;");
    text.line("const float* pixel = x + (at + ky * {} + kx * {});", w.tap_y * w.width * w.in, w.tap_x * w.in);
  }
  text.loop("k", w.in);
  text.line("sum = {}(pixel[k], w[k], sum);", out.writer.use("fused"));
  text.close();
  if (one)
    text.line("w += {};", w.in);
  text.close_to(2);
  text.line("sums[o] = sum;");
  text.close_to(0);
  Sums sums;
  sums.function = out.writer.function("sums_" + out.op.layer, text.text());
  return sums;
}

void emits::conv2d(Operation& out) {
  emit_layer(out, real_sums(out));
}
void emits::linear(Operation& out) {
  emit_layer(out, real_sums(out));
}

} // namespace rvb::codegen::c
