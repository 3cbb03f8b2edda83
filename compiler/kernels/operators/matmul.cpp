// matmul: [columns, rows, matrices]. Rows of a block by vectors of columns stay in registers while the terms pass.
#include "kernels/kernel.h"
#include "kernels/tile.h"

namespace rvb::kernels {

namespace {

using namespace Halide;

View matrices(const ir::Type& type) {
  const int r = type.rank();
  return view_of(type, {product(type, r - 1, r), product(type, r - 2, r - 1), product(type, 0, r - 2)});
}

class Matmul : public Kernel {
public:
  using Kernel::Kernel;

  Interface views() const override {
    return {{matrices(call.operand(0)), matrices(call.operand(1))}, {matrices(call.result())}};
  }

  void algorithm() override {
    const bool ta = op.integer("transpose_a") != 0, tb = op.integer("transpose_b") != 0;
    r = RDom({{0, inputs[0].dim(ta ? 1 : 0).extent()}}, "r");
    const Expr left = ta ? inputs[0](m, r.x, z) : inputs[0](r.x, m, z);
    const Expr right = tb ? inputs[1](r.x, n, z) : inputs[1](n, r.x, z);
    sum(n, m, z) = 0.0f;
    sum(n, m, z) += left * right;
    define("matmul")(n, m, z) = sum(n, m, z);
  }

  void schedule() override {
    const ir::Type& y = call.result();
    const int lanes = lanes_for(target, y.channels());
    const int rows = static_cast<int>(std::min<int64_t>(4, y.dims.end()[-2]));
    Var no("no"), ni("ni"), mo("mo"), mi("mi"), task("task");
    output()
        .split(n, no, ni, lanes, TailStrategy::ShiftInwards)
        .split(m, mo, mi, rows, TailStrategy::ShiftInwards)
        .reorder(ni, mi, no, mo, z)
        .vectorize(ni)
        .unroll(mi)
        .fuse(mo, z, task)
        .parallel(task);
    sum.compute_at(output(), no).vectorize(n, lanes).unroll(m);
    sum.update().reorder(n, m, r.x).vectorize(n, lanes).unroll(m);
  }

private:
  Var n{"n"}, m{"m"}, z{"z"};
  Func sum{"sum"};
  RDom r;
};

} // namespace

std::unique_ptr<Kernel> make_matmul(const Call& call) {
  return make<Matmul>(call);
}

} // namespace rvb::kernels
