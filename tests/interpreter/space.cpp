#include "call.h"

#include <cmath>

namespace rvb::interpreter {

namespace {

// Windows of a pool over `image` ([N, H, W, C]) and where they lie in `pooled` ([N, H', W', C]).
struct Pool {
  const Tensor& image;
  const Tensor& pooled;
  std::vector<int64_t> kernel, pad, stride;

  Pool(const ir::Op& op, const Tensor& image, const Tensor& pooled)
      : image(image), pooled(pooled), kernel(op.integers("kernel")), pad(op.integers("pad")),
        stride(op.integers("stride")) {}

  // window(pooled index, indices of the image inside the window in row-major order)
  template <typename F> void each(F&& window) const {
    int64_t h = inner(image, 2), w = inner(image, 1), c = inner(image, 0);
    int64_t size = static_cast<int64_t>(pooled.data.size());
    for (int64_t at = 0; at < size; ++at) {
      int64_t channel = at % c, x = at / c % inner(pooled, 1), y = at / c / inner(pooled, 1) % inner(pooled, 2);
      int64_t n = at / c / inner(pooled, 1) / inner(pooled, 2);
      std::vector<int64_t> inside;
      for (int64_t i = 0; i < kernel[0]; ++i)
        for (int64_t j = 0; j < kernel[1]; ++j) {
          int64_t row = y * stride[0] + i - pad[0], column = x * stride[1] + j - pad[1];
          if (row >= 0 && row < h && column >= 0 && column < w)
            inside.push_back(((n * h + row) * w + column) * c + channel);
        }
      window(at, inside);
    }
  }
};

int64_t first_maximum(const Tensor& image, const std::vector<int64_t>& window) {
  int64_t best = window.at(0);
  for (int64_t i : window)
    if (image.data[i] > image.data[best])
      best = i;
  return best;
}

void evaluate_avgpool(Call& call) {
  Pool pool(call.op, call.in[0], call.out[0]);
  double area = static_cast<double>(pool.kernel[0] * pool.kernel[1]);
  pool.each([&](int64_t at, const std::vector<int64_t>& window) {
    double& mean = call.out[0].data[at];
    for (int64_t i : window)
      mean += call.in[0].data[i];
    if (call.out[0].type.element == ir::Element::i32)
      mean = std::floor((mean + std::floor(area / 2)) / area);
    else
      mean /= area;
  });
}

void evaluate_avgpool_gradient(Call& call) {
  Pool pool(call.op, call.out[0], call.in[0]);
  double area = static_cast<double>(pool.kernel[0] * pool.kernel[1]);
  pool.each([&](int64_t at, const std::vector<int64_t>& window) {
    for (int64_t i : window)
      call.out[0].data[i] += call.in[0].data[at] / area;
  });
}

void evaluate_maxpool(Call& call) {
  Pool(call.op, call.in[0], call.out[0]).each([&](int64_t at, const std::vector<int64_t>& window) {
    call.out[0].data[at] = call.in[0].data[first_maximum(call.in[0], window)];
  });
}

void evaluate_maxpool_gradient(Call& call) {
  const Tensor &g = call.in[0], &x = call.in[1];
  Pool(call.op, x, g).each([&](int64_t at, const std::vector<int64_t>& window) {
    call.out[0].data[first_maximum(x, window)] += g.data[at];
  });
}

void evaluate_global_avgpool(Call& call) {
  const Tensor& x = call.in[0];
  int64_t c = inner(x, 0), area = inner(x, 1) * inner(x, 2);
  for (size_t i = 0; i < x.data.size(); ++i)
    call.out[0].data[static_cast<int64_t>(i) / c / area * c + static_cast<int64_t>(i) % c] +=
        x.data[i] / static_cast<double>(area);
}

void evaluate_global_avgpool_gradient(Call& call) {
  Tensor& x = call.out[0];
  int64_t c = inner(x, 0), area = inner(x, 1) * inner(x, 2);
  for (size_t i = 0; i < x.data.size(); ++i)
    x.data[i] = call.in[0].data[static_cast<int64_t>(i) / c / area * c + static_cast<int64_t>(i) % c] /
                static_cast<double>(area);
}

// visit(index into [N, H, W, C], index into [N, C * H * W])
template <typename F> void each_flat(const Tensor& image, F&& visit) {
  int64_t h = inner(image, 2), w = inner(image, 1), c = inner(image, 0);
  for (int64_t n = 0; n < leading(image, 3); ++n)
    for (int64_t y = 0; y < h; ++y)
      for (int64_t x = 0; x < w; ++x)
        for (int64_t k = 0; k < c; ++k)
          visit(((n * h + y) * w + x) * c + k, ((n * c + k) * h + y) * w + x);
}

} // namespace

bool evaluate_space(Call& call) {
  using ir::Opcode;
  switch (call.op.opcode) {
  case Opcode::avgpool: evaluate_avgpool(call); return true;
  case Opcode::avgpool_gradient: evaluate_avgpool_gradient(call); return true;
  case Opcode::maxpool: evaluate_maxpool(call); return true;
  case Opcode::maxpool_gradient: evaluate_maxpool_gradient(call); return true;
  case Opcode::global_avgpool: evaluate_global_avgpool(call); return true;
  case Opcode::global_avgpool_gradient: evaluate_global_avgpool_gradient(call); return true;
  case Opcode::flatten:
    each_flat(call.in[0], [&](int64_t image, int64_t flat) { call.out[0].data[flat] = call.in[0].data[image]; });
    return true;
  case Opcode::unflatten:
    each_flat(call.out[0], [&](int64_t image, int64_t flat) { call.out[0].data[image] = call.in[0].data[flat]; });
    return true;
  default: return false;
  }
}

} // namespace rvb::interpreter
