// Pools: windows row by row, in the order of the native kernels.
#include "codegen/c/operation.h"

namespace rvb::codegen::c {

namespace {

struct Pool {
  int64_t height, width, channels, out_height, out_width, frames;
  int64_t kernel_y = 1, kernel_x = 1, stride_y, stride_x, pad_y = 0, pad_x = 0;

  explicit Pool(const Operation& out) {
    const ir::Type x = out.type(out.op.operands[0]), &y = out.result();
    const auto dim = [](const ir::Type& type, int from_end) {
      return type.dims[static_cast<size_t>(type.rank() - from_end)];
    };
    height = dim(x, 3);
    width = dim(x, 2);
    channels = dim(x, 1);
    out_height = dim(y, 3);
    out_width = dim(y, 2);
    frames = count(x) / (height * width * channels);
    const auto pair = [&](const char* name, int64_t& first, int64_t& second) {
      if (const std::vector<int64_t> values = out.op.integers(name); values.size() == 2) {
        first = values[0];
        second = values[1];
      }
    };
    pair("kernel", kernel_y, kernel_x);
    stride_y = kernel_y;
    stride_x = kernel_x;
    pair("stride", stride_y, stride_x);
    pair("pad", pad_y, pad_x);
  }
  bool pads() const { return pad_y != 0 || pad_x != 0; }
};

// Loops over the pixels of the result and the channels, and over the window; the caller's lines read x[at].
void windows(Operation& out, const Pool& p, const std::string& x, const std::string& y, const std::string& begin,
             const std::string& step, const std::string& end) {
  Text& body = out.body;
  body.line("int32_t i = 0;");
  if (p.frames > 1)
    body.loop("t", p.frames);
  body.loop("row", p.out_height);
  body.loop("column", p.out_width);
  body.open("for (int32_t c = 0; c < {}; ++c, ++i)", p.channels);
  const size_t depth = body.depth();
  body.line("{}", begin);
  body.loop("ky", p.kernel_y);
  body.loop("kx", p.kernel_x);
  body.line("const int32_t py = row * {} + ky - {}, px = column * {} + kx - {};", p.stride_y, p.pad_y, p.stride_x,
            p.pad_x);
  if (p.pads()) {
    body.line("if ((uint32_t)py >= {}u || (uint32_t)px >= {}u)", p.height, p.width);
    body.line("  continue;");
  }
  body.line("const int32_t at = ({}py * {} + px) * {} + c;",
            p.frames > 1 ? fmt::format("t * {} + ", p.height * p.width) : "", p.width, p.channels);
  body.line("{}", fmt::format(fmt::runtime(step), x + "[at]"));
  body.close_to(depth);
  body.line("{}[i] = {};", y, end);
  body.close_to(1);
}

} // namespace

void emits::avgpool(Operation& out) {
  const Pool p(out);
  const std::string x = out.read(out.op.operands[0]), y = out.write(out.op.results[0]);
  const int64_t area = p.kernel_y * p.kernel_x;
  if (out.result().element == ir::Element::i32)
    windows(out, p, x, y, "int32_t sum = 0;", "sum += {};", fmt::format("{}(sum, {})", out.writer.use("divide"), area));
  else
    windows(out, p, x, y, "float sum = 0.0f;", "sum += {};",
            fmt::format("sum * {}", number(1.0f / static_cast<float>(area))));
}

void emits::maxpool(Operation& out) {
  const Pool p(out);
  const std::string x = out.read(out.op.operands[0]), y = out.write(out.op.results[0]);
  const bool real = out.result().element == ir::Element::f32;
  windows(out, p, x, y, real ? "float most = -3.402823466e+38f;" : "int32_t most = -2147483647 - 1;",
          "most = {0} > most ? {0} : most;", "most");
}

void emits::global_avgpool(Operation& out) {
  const ir::Type x = out.type(out.op.operands[0]);
  const int64_t channels = x.channels();
  const int64_t pixels = x.dims[static_cast<size_t>(x.rank() - 2)] * x.dims[static_cast<size_t>(x.rank() - 3)];
  const std::string from = out.read(out.op.operands[0]), to = out.write(out.op.results[0]);
  out.body.loop("t", count(x) / (pixels * channels));
  out.body.loop("c", channels);
  out.body.line("float sum = 0.0f;");
  out.body.loop("i", pixels);
  out.body.line("sum += {}[(t * {} + i) * {} + c];", from, pixels, channels);
  out.body.close();
  out.body.line("{}[t * {} + c] = sum * {};", to, channels, number(1.0f / static_cast<float>(pixels)));
  out.body.close_to(1);
}

} // namespace rvb::codegen::c
