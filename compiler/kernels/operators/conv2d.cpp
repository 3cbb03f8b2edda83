// conv2d: out[j, x, y, n] = sum over k, kx, ky of padded[k, x sx + kx, y sy + ky, n] w[j, k, kx, ky].
#include "kernels/convolution.h"

namespace rvb::kernels {

namespace {

using namespace Halide;

class Conv2d : public Kernel {
public:
  using Kernel::Kernel;

  Interface views() const override {
    return {{image_view(call.operand(0)), weight_view(call.operand(1))}, {image_view(call.result())}};
  }

  void algorithm() override {
    ir::Type weights = call.operand(1);
    c.sizes = sizes_of(op, call.operand(0), call.result(), weights.dims[0], weights.dims[1]);
    define("conv2d");
    c.pad([&](Expr k, Expr x, Expr y, Expr n) { return inputs[0](k, x, y, n); });
    c.correlate(output(), [&](Expr j, Expr k, Expr kx, Expr ky) { return inputs[1](j, k, kx, ky); });
  }

  void schedule() override { c.schedule(output(), target); }

private:
  Correlation c;
};

} // namespace

std::unique_ptr<Kernel> make_grouped_conv2d(const Call& call); // conv2d_grouped.cpp

std::unique_ptr<Kernel> make_conv2d(const Call& call) {
  if (call.op.integer("groups") > 1)
    return make_grouped_conv2d(call);
  return make<Conv2d>(call);
}

} // namespace rvb::kernels
