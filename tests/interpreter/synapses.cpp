#include "call.h"

#include <algorithm>

namespace rvb::interpreter {

namespace {

// Calls `visit(input index, kernel index, output index)` for every synapse of a convolution over all leading
// dimensions; indices into row-major [N, H, W, Ci], [Kh, Kw, Ci / groups, Co], [N, H', W', Co].
struct Convolution {
  int64_t n, h, w, ci, kh, kw, co, oh, ow;
  std::vector<int64_t> pad, stride, dilation;
  int64_t groups;

  template <typename F> void each(F&& visit) const {
    for (int64_t b = 0; b < n; ++b)
      for (int64_t y = 0; y < oh; ++y)
        for (int64_t x = 0; x < ow; ++x)
          for (int64_t i = 0; i < kh; ++i)
            for (int64_t j = 0; j < kw; ++j)
              taps(b, y, x, i, j, visit);
  }

private:
  template <typename F> void taps(int64_t b, int64_t y, int64_t x, int64_t i, int64_t j, F& visit) const {
    int64_t row = y * stride[0] + i * dilation[0] - pad[0], column = x * stride[1] + j * dilation[1] - pad[1];
    if (row < 0 || row >= h || column < 0 || column >= w)
      return;
    const int64_t within = ci / groups;
    for (int64_t c = 0; c < ci; ++c)
      for (int64_t o = c / within * (co / groups); o < (c / within + 1) * (co / groups); ++o)
        visit(((b * h + row) * w + column) * ci + c, ((i * kw + j) * within + c % within) * co + o,
              ((b * oh + y) * ow + x) * co + o);
  }
};

Convolution convolution(const ir::Op& op, const Tensor& image, int64_t kh, int64_t kw, const Tensor& out) {
  std::vector<int64_t> dilation = op.integers("dilation");
  if (dilation.empty())
    dilation = {1, 1};
  return {leading(image, 3),
          inner(image, 2),
          inner(image, 1),
          inner(image, 0),
          kh,
          kw,
          inner(out, 0),
          inner(out, 2),
          inner(out, 1),
          op.integers("pad"),
          op.integers("stride"),
          dilation,
          std::max<int64_t>(1, op.integer("groups"))};
}

void evaluate_conv2d(Call& call) {
  const Tensor &x = call.in[0], &w = call.in[1];
  Tensor& y = call.out[0];
  convolution(call.op, x, w.type.dims[0], w.type.dims[1], y).each([&](int64_t i, int64_t k, int64_t o) {
    y.data[o] += x.data[i] * w.data[k];
  });
}

void evaluate_conv2d_input_gradient(Call& call) {
  const Tensor &g = call.in[0], &w = call.in[1];
  Tensor& x = call.out[0];
  convolution(call.op, x, w.type.dims[0], w.type.dims[1], g).each([&](int64_t i, int64_t k, int64_t o) {
    x.data[i] += g.data[o] * w.data[k];
  });
}

void evaluate_conv2d_weight_gradient(Call& call) {
  const Tensor &x = call.in[0], &g = call.in[1];
  Tensor& w = call.out[0];
  convolution(call.op, x, w.type.dims[0], w.type.dims[1], g).each([&](int64_t i, int64_t k, int64_t o) {
    w.data[k] += x.data[i] * g.data[o];
  });
}

// +1 or -1 from the packed words: bit c % 32 of word [tap, c / 32, o].
double sign_of(const Tensor& bits, int64_t tap, int64_t c, int64_t o) {
  int64_t words = bits.type.dims[1], out = bits.type.dims[2];
  uint32_t word = static_cast<uint32_t>(bits.data[(tap * words + c / 32) * out + o]);
  return (word >> (c % 32)) & 1 ? 1 : -1;
}

// The spike's factor: alpha of its channel, in training.
double factor_of(const Call& call, int64_t channel) {
  return call.in.size() > 2 ? call.in[2].data[channel] : 1;
}

void evaluate_pack_signs(Call& call) {
  const Tensor& w = call.in[0];
  Tensor& bits = call.out[0];
  bool transposed = call.op.integer("transposed") != 0;
  int64_t out = inner(w, 0), in = inner(w, 1), words = bits.type.dims[1], columns = bits.type.dims[2];
  for (size_t k = 0; k < w.data.size(); ++k) {
    int64_t o = static_cast<int64_t>(k) % out, i = static_cast<int64_t>(k) / out % in;
    int64_t tap = static_cast<int64_t>(k) / out / in;
    if (transposed)
      std::swap(o, i);
    if (w.data[k] >= 0)
      bits.data[(tap * words + i / 32) * columns + o] += static_cast<double>(uint32_t{1} << (i % 32));
  }
}

// The signs that are packed, times their factors, as [tap, input channel, output channel]: what a convolution of
// numbers reads.
std::vector<double> unpacked(const Call& call, int64_t taps, int64_t in, int64_t out, bool transposed = false) {
  std::vector<double> weights;
  weights.reserve(static_cast<size_t>(taps * in * out));
  for (int64_t tap = 0; tap < taps; ++tap)
    for (int64_t c = 0; c < in; ++c)
      for (int64_t o = 0; o < out; ++o)
        weights.push_back(transposed ? sign_of(call.in[1], tap, o, c)
                                     : factor_of(call, c) * sign_of(call.in[1], tap, c, o));
  return weights;
}

void evaluate_binary_conv2d_input_gradient(Call& call) {
  const Tensor& g = call.in[0];
  Tensor& x = call.out[0];
  std::vector<int64_t> kernel = call.op.integers("kernel");
  const std::vector<double> w = unpacked(call, kernel[0] * kernel[1], inner(x, 0), inner(g, 0), true);
  convolution(call.op, x, kernel[0], kernel[1], g).each([&](int64_t i, int64_t k, int64_t o) {
    x.data[i] += g.data[o] * w[k];
  });
}

void evaluate_binary_conv2d(Call& call) {
  const Tensor &x = call.in[0], &bits = call.in[1];
  Tensor& y = call.out[0];
  std::vector<int64_t> kernel = call.op.integers("kernel");
  int64_t ci = inner(x, 0), co = inner(y, 0);
  if (call.op.integer("groups") > 1) { // bit o % 32 of word [tap, channel of the group, o / 32]
    convolution(call.op, x, kernel[0], kernel[1], y).each([&](int64_t i, int64_t k, int64_t o) {
      const int64_t words = bits.type.dims[2], to = k % co;
      const auto word = static_cast<uint32_t>(bits.data[k / co * words + to / 32]);
      y.data[o] += (word >> (to % 32)) & 1 ? x.data[i] : -x.data[i];
    });
    return;
  }
  const std::vector<double> w = unpacked(call, kernel[0] * kernel[1], ci, co);
  convolution(call.op, x, kernel[0], kernel[1], y).each([&](int64_t i, int64_t k, int64_t o) {
    y.data[o] += x.data[i] * w[k];
  });
}

// Rows of all leading dimensions; visit(input index, weight index, output index).
template <typename F> void each_linear(int64_t rows, int64_t in, int64_t out, F&& visit) {
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t i = 0; i < in; ++i)
      for (int64_t o = 0; o < out; ++o)
        visit(r * in + i, i * out + o, r * out + o);
}

void evaluate_linear(Call& call) {
  const Tensor &x = call.in[0], &w = call.in[1];
  Tensor& y = call.out[0];
  each_linear(leading(x, 1), inner(x, 0), inner(y, 0),
              [&](int64_t i, int64_t k, int64_t o) { y.data[o] += x.data[i] * w.data[k]; });
}

void evaluate_linear_input_gradient(Call& call) {
  const Tensor &g = call.in[0], &w = call.in[1];
  Tensor& x = call.out[0];
  each_linear(leading(g, 1), inner(x, 0), inner(g, 0),
              [&](int64_t i, int64_t k, int64_t o) { x.data[i] += g.data[o] * w.data[k]; });
}

void evaluate_linear_weight_gradient(Call& call) {
  const Tensor &x = call.in[0], &g = call.in[1];
  Tensor& w = call.out[0];
  each_linear(leading(x, 1), inner(x, 0), inner(g, 0),
              [&](int64_t i, int64_t k, int64_t o) { w.data[k] += x.data[i] * g.data[o]; });
}

void evaluate_binary_linear(Call& call) {
  const Tensor& x = call.in[0];
  Tensor& y = call.out[0];
  const std::vector<double> w = unpacked(call, 1, inner(x, 0), inner(y, 0));
  each_linear(leading(x, 1), inner(x, 0), inner(y, 0),
              [&](int64_t i, int64_t k, int64_t o) { y.data[o] += x.data[i] * w[k]; });
}

} // namespace

bool evaluate_synapses(Call& call) {
  using ir::Opcode;
  switch (call.op.opcode) {
  case Opcode::conv2d: evaluate_conv2d(call); return true;
  case Opcode::conv2d_input_gradient: evaluate_conv2d_input_gradient(call); return true;
  case Opcode::conv2d_weight_gradient: evaluate_conv2d_weight_gradient(call); return true;
  case Opcode::linear: evaluate_linear(call); return true;
  case Opcode::linear_input_gradient: evaluate_linear_input_gradient(call); return true;
  case Opcode::linear_weight_gradient: evaluate_linear_weight_gradient(call); return true;
  case Opcode::binary_conv2d: evaluate_binary_conv2d(call); return true;
  case Opcode::binary_conv2d_input_gradient: evaluate_binary_conv2d_input_gradient(call); return true;
  case Opcode::pack_signs: evaluate_pack_signs(call); return true;
  case Opcode::binary_linear: evaluate_binary_linear(call); return true;
  default: return false;
  }
}

} // namespace rvb::interpreter
