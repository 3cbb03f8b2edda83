// conv2d_input_gradient: the correlation of the upstream gradient, its pixels a stride apart with zeros between, with
// the kernel turned by 180 degrees and its channels exchanged. The frame is (K - 1) taps - pad wide.
#include "kernels/convolution.h"

namespace rvb::kernels {

namespace {

using namespace Halide;

class Conv2dInputGradient : public Kernel {
public:
  using Kernel::Kernel;

  Interface views() const override {
    return {{image_view(call.operand(0)), weight_view(call.operand(1))}, {image_view(call.result())}};
  }

  void algorithm() override {
    ir::Type weights = call.operand(1);
    c.sizes = backwards(sizes_of(op, call.result(), call.operand(0), weights.dims[0], weights.dims[1]));
    const Sizes& s = c.sizes;
    define("conv2d_input_gradient");
    turned(j, k, kx, ky) = inputs[1](k, j, s.kernel_x - 1 - kx, s.kernel_y - 1 - ky);
    // Not in place even without a frame: rows that no window of the forward convolution reached have gradient 0.
    c.pad([&](Expr k, Expr x, Expr y, Expr n) { return inputs[0](k, x, y, n); });
    c.correlate(output(), [&](Expr j, Expr k, Expr kx, Expr ky) { return turned(j, k, kx, ky); });
  }

  void schedule() override {
    c.schedule(output(), target);
    // Turned once a call: the vectors of the inner loop run over the forward convolution's input channels.
    turned.compute_root().parallel(ky);
    int lanes = lanes_for(target, c.sizes.out);
    if (lanes > 1)
      turned.vectorize(j, lanes, TailStrategy::ShiftInwards);
  }

private:
  Correlation c;
  Var j{"j"}, k{"k"}, kx{"kx"}, ky{"ky"};
  Func turned{"turned"};
};

} // namespace

std::unique_ptr<Kernel> make_grouped_input_gradient(const Call& call); // conv2d_grouped.cpp

std::unique_ptr<Kernel> make_conv2d_input_gradient(const Call& call) {
  if (call.op.integer("groups") > 1)
    return make_grouped_input_gradient(call);
  return make<Conv2dInputGradient>(call);
}

} // namespace rvb::kernels
