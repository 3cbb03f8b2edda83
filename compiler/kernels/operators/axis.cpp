// scale and sum: along one axis. A tensor is seen as [inner, n, outer], n the axis.
#include "kernels/kernel.h"
#include "kernels/tile.h"

namespace rvb::kernels {

namespace {

using namespace Halide;

class Scale : public Kernel {
public:
  using Kernel::Kernel;

  Interface views() const override {
    View all = axis_view(call.operand(0), op.integer("axis"));
    return {{all, weight_view(call.operand(1))}, {all}};
  }

  void algorithm() override { define("scale")(i, a, o) = inputs[0](i, a, o) * inputs[1](a); }

  void schedule() override {
    ir::Type x = call.operand(0);
    int64_t axis = op.integer("axis");
    bool last = axis == x.rank() - 1;
    output().parallel(o);
    Var v("v");
    output().split(last ? a : i, last ? a : i, v, vec, TailStrategy::GuardWithIf).vectorize(v);
    if (last)
      output().reorder(v, a, i, o);
  }

private:
  Var i{"i"}, a{"a"}, o{"o"};
};

// Summed in two stages, rows of a fixed number of elements first, then the rows in double precision: the order does not
// depend on threads, and long sums keep their digits.
class Sum : public Kernel {
public:
  using Kernel::Kernel;

  Interface views() const override {
    return {{axis_view(call.operand(0), op.integer("axis"))}, {weight_view(call.result())}};
  }

  void algorithm() override {
    Expr outer = inputs[0].dim(2).extent();
    Expr chunks = (outer + rows - 1) / rows;
    row = RDom({{0, rows}}, "row");
    row.where(chunk * rows + row.x < outer);
    partial(i, a, chunk) = 0.0f;
    partial(i, a, chunk) += inputs[0](i, a, min(chunk * rows + row.x, outer - 1));
    all = RDom({{0, inputs[0].dim(0).extent()}, {0, chunks}}, "all");
    total(a) = cast<double>(0);
    total(a) += cast<double>(partial(all.x, a, all.y));
    define("sum")(a) = cast<float>(total(a));
  }

  void schedule() override {
    ir::Type x = call.operand(0);
    bool last = op.integer("axis") == x.rank() - 1;
    Var ao("ao"), task("task");
    partial.compute_root();
    Stage update = partial.update();
    if (last) { // i has extent 1: vectors over the axis, its blocks in registers while the rows pass
      partial.parallel(chunk);
      update.reorder(i, a, row.x, chunk);
      update.vectorize(a, vec, TailStrategy::GuardWithIf).parallel(chunk);
    } else { // weights have few rows and many channels
      partial.split(a, ao, a, channels, TailStrategy::GuardWithIf).fuse(ao, chunk, task).parallel(task);
      update.split(a, ao, a, channels, TailStrategy::GuardWithIf).reorder(i, row.x, a, ao, chunk);
      update.vectorize(i, vec, TailStrategy::GuardWithIf).fuse(ao, chunk, task).parallel(task);
    }
    total.compute_root();
    total.update().split(a, ao, a, channels, TailStrategy::GuardWithIf).reorder(a, all.x, all.y, ao).parallel(ao);
  }

private:
  static constexpr int channels = 16; // of a task
  static constexpr int rows = 256;    // sums in single precision: 256 terms lose at most 5 bits, 2 as a rule
  Var i{"i"}, a{"a"}, chunk{"chunk"};
  Func partial{"partial"}, total{"total"};
  RDom row, all;
};

} // namespace

std::unique_ptr<Kernel> make_scale(const Call& call) {
  return make<Scale>(call);
}
std::unique_ptr<Kernel> make_sum(const Call& call) {
  return make<Sum>(call);
}

} // namespace rvb::kernels
