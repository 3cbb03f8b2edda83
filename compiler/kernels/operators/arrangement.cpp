// reshape and permute: the same numbers under other indices.
#include "kernels/loops.h"

namespace rvb::kernels {

namespace {

using namespace Halide;

class Reshape : public Kernel {
public:
  using Kernel::Kernel;

  Interface views() const override {
    const ir::Type x = call.operand(0), &y = call.result();
    return {{view_of(x, {product(x, 0, x.rank())})}, {view_of(y, {product(y, 0, y.rank())})}};
  }

  void algorithm() override { define("reshape")(f) = inputs[0](f); }

  void schedule() override { in_chunks(output(), f, vec); }

private:
  Var f{"f"};
};

class Permute : public Kernel {
public:
  using Kernel::Kernel;

  Interface views() const override { return {{weight_view(call.operand(0))}, {weight_view(call.result())}}; }

  void algorithm() override {
    const std::vector<int64_t> order = op.integers("order");
    const size_t rank = order.size();
    for (size_t d = 0; d < rank; ++d)
      vars.emplace_back("v" + std::to_string(d));
    // Innermost first, here and there: dimension i of the result is dimension order[i] of the operand.
    std::vector<Expr> inside(rank);
    for (size_t i = 0; i < rank; ++i)
      inside[rank - 1 - static_cast<size_t>(order[i])] = vars[rank - 1 - i];
    define("permute")(vars) = inputs[0](inside);
  }

  void schedule() override { in_rows(output(), vars, target, call.result().channels()); }

private:
  std::vector<Var> vars;
};

} // namespace

std::unique_ptr<Kernel> make_reshape(const Call& call) {
  return make<Reshape>(call);
}
std::unique_ptr<Kernel> make_permute(const Call& call) {
  return make<Permute>(call);
}

} // namespace rvb::kernels
