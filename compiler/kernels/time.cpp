// repeat, sum_time, mean_time: over the outermost axis, everything inside it taken together.
#include "kernels/kernel.h"

namespace rvb::kernels {

namespace {

using namespace Halide;

class Repeat : public Kernel {
public:
  using Kernel::Kernel;

  Interface views() const override {
    ir::Type x = call.operand(0);
    Extent all = product(x, 0, x.rank());
    return {{view_of(x, {all})}, {view_of(x, {all, {op.integer("times"), 0}})}};
  }

  void algorithm() override { define("repeat")(f, t) = inputs[0](f); }

  void schedule() override {
    Var fo("fo"), fi("fi");
    output()
        .split(f, fo, f, 8192, TailStrategy::GuardWithIf) // 32 KiB: read once, written T times
        .split(f, f, fi, vec, TailStrategy::GuardWithIf)
        .reorder(fi, f, t, fo)
        .vectorize(fi)
        .parallel(fo);
  }

private:
  Var f{"f"}, t{"t"};
};

class SumTime : public Kernel {
public:
  using Kernel::Kernel;

  Interface views() const override {
    ir::Type x = call.operand(0);
    Extent all = product(x, 1, x.rank());
    return {{view_of(x, {all, {x.dims[0], 0}})}, {view_of(x, {all})}};
  }

  void algorithm() override {
    int times = static_cast<int>(call.operand(0).dims[0]);
    Expr total = inputs[0](f, 0);
    for (int t = 1; t < times; ++t)
      total += inputs[0](f, t);
    define(ir::info(op.opcode).name)(f) =
        op.opcode == ir::Opcode::mean_time ? total / static_cast<float>(times) : total;
  }

  void schedule() override {
    Var fo("fo"), fi("fi");
    output()
        .split(f, fo, f, 8192, TailStrategy::GuardWithIf)
        .split(f, f, fi, vec, TailStrategy::GuardWithIf)
        .vectorize(fi)
        .parallel(fo);
  }

private:
  Var f{"f"};
};

} // namespace

std::unique_ptr<Kernel> make_repeat(const Call& call) {
  return make<Repeat>(call);
}
std::unique_ptr<Kernel> make_sum_time(const Call& call) {
  return make<SumTime>(call);
}
std::unique_ptr<Kernel> make_mean_time(const Call& call) {
  return make<SumTime>(call);
}

} // namespace rvb::kernels
