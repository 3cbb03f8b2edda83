// linear and its gradients: three products of matrices, out[j, m] = sum over k of a[k, m] b[j, k], differing in which
// of their operands is turned.
#include "kernels/kernel.h"
#include "kernels/tile.h"

#include <functional>

namespace rvb::kernels {

namespace {

using namespace Halide;

struct Product {
  Var j{"j"}, m{"m"};
  Func sum{"sum"};
  RDom r, rest;
  int rows = 0;                                // 0: known when the program runs
  static constexpr int block = 256, tiles = 4; // terms; blocks of rows of a task

  void algorithm(Func& output, const Expr& depth, const Expr& count, const std::function<Expr(Expr, Expr)>& a,
                 const std::function<Expr(Expr, Expr)>& b) {
    r = RDom({{0, depth}}, "r");
    // A block of rows may reach past the last one; what it computes there is not stored.
    Expr row = rows == 0 ? min(m, count - 1) : Expr(m);
    sum(j, m) = 0.0f;
    sum(j, m) += a(r.x, row) * b(j, r.x);
    output(j, m) = sum(j, m);
  }

  // The same in the same order, the terms in blocks: what a block needs of both operands stays in the nearest caches,
  // and in few pages, while all sums of a task pass over it.
  void algorithm_in_blocks(Func& output, const Expr& depth, const std::function<Expr(Expr, Expr)>& a,
                           const std::function<Expr(Expr, Expr)>& b) {
    r = RDom({{0, block}, {0, depth / block}}, "r");
    rest = RDom({{depth / block * block, depth % block}}, "rest");
    const Expr k = r.y * block + r.x;
    sum(j, m) = 0.0f;
    sum(j, m) += a(k, m) * b(j, k);
    sum(j, m) += a(rest.x, m) * b(j, rest.x);
    output(j, m) = sum(j, m);
  }

  static bool can_block(const Target& target, int64_t rows, int64_t columns) {
    const Tile tile = choose_tile(target, rows, 1, columns);
    return rows >= tiles * tile.x && columns % tile.outputs() == 0;
  }

  void schedule_in_blocks(Func& output, const Target& target, int64_t columns) {
    Var mi("mi"), mo("mo"), mt("mt"), ji("ji"), jo("jo");
    const Tile tile = choose_tile(target, rows, 1, columns);
    output.split(m, mo, mi, tiles * tile.x, TailStrategy::ShiftInwards).vectorize(j, tile.lanes).parallel(mo);
    sum.compute_at(output, mo).bound_extent(m, tiles * tile.x).bound(j, 0, static_cast<int>(columns));
    sum.vectorize(j, tile.lanes);
    const auto in_registers = [&](Stage stage, const std::vector<VarOrRVar>& inside) {
      stage.split(j, jo, ji, tile.outputs()).split(m, mt, mi, tile.x);
      std::vector<VarOrRVar> order = {ji, mi, inside[0], mt, jo};
      order.insert(order.end(), inside.begin() + 1, inside.end());
      stage.reorder(order).vectorize(ji, tile.lanes).unroll(ji).unroll(mi);
    };
    in_registers(sum.update(0), {r.x, r.y});
    in_registers(sum.update(1), {rest.x});
  }

  // Blocks of rows by one or two vectors of columns in registers; a task is one block of rows. b streams from the
  // caches, once a block.
  void schedule(Func& output, const Target& target, int64_t columns, bool unroll) {
    Var ji("ji"), jo("jo"), mi("mi"), mo("mo");
    Tile tile = choose_tile(target, rows == 0 ? 1024 : rows, 1, columns);
    TailStrategy tail = rows == 0 ? TailStrategy::GuardWithIf : TailStrategy::ShiftInwards;
    output.split(j, jo, ji, tile.outputs(), TailStrategy::ShiftInwards)
        .split(m, mo, mi, tile.x, tail)
        .reorder(ji, mi, jo, mo)
        .vectorize(ji, tile.lanes)
        .unroll(ji)
        .unroll(mi)
        .parallel(mo);
    sum.compute_at(output, jo).bound_extent(m, tile.x).vectorize(j, tile.lanes).unroll(j).unroll(m);
    sum.update().reorder(j, m, r.x).vectorize(j, tile.lanes).unroll(j).unroll(m);
    if (unroll)
      sum.update().unroll(r.x, 2);
  }
};

// out[o, n] = sum over i of x[i, n] w[o, i].
class Linear : public Kernel {
public:
  using Kernel::Kernel;

  Interface views() const override {
    return {{pixel_view(call.operand(0)), weight_view(call.operand(1))}, {pixel_view(call.result())}};
  }

  void algorithm() override {
    ir::Type w = call.operand(1);
    p.algorithm(
        define("linear"), static_cast<int>(w.dims[0]), inputs[0].dim(1).extent(),
        [&](Expr k, Expr m) { return inputs[0](k, m); }, [&](Expr j, Expr k) { return inputs[1](j, k); });
  }

  void schedule() override {
    ir::Type w = call.operand(1);
    p.schedule(output(), target, w.dims[1], w.dims[0] % 2 == 0);
  }

private:
  Product p;
};

// out[i, n] = sum over o of g[o, n] w[o, i].
class LinearInputGradient : public Kernel {
public:
  using Kernel::Kernel;

  Interface views() const override {
    return {{pixel_view(call.operand(0)), weight_view(call.operand(1))}, {pixel_view(call.result())}};
  }

  void algorithm() override {
    ir::Type w = call.operand(1);
    turned(j, k) = inputs[1](k, j);
    p.algorithm(
        define("linear_input_gradient"), static_cast<int>(w.dims[1]), inputs[0].dim(1).extent(),
        [&](Expr k, Expr m) { return inputs[0](k, m); }, [&](Expr j, Expr k) { return turned(j, k); });
  }

  void schedule() override {
    ir::Type w = call.operand(1);
    p.schedule(output(), target, w.dims[0], w.dims[1] % 2 == 0);
    int lanes = lanes_for(target, w.dims[0]);
    turned.compute_root().parallel(k).vectorize(j, lanes, TailStrategy::ShiftInwards);
  }

private:
  Product p;
  Var j{"j"}, k{"k"};
  Func turned{"turned"};
};

// out[o, i] = sum over n of x[i, n] g[o, n]: the batch in order, so that no threads show in the sum.
class LinearWeightGradient : public Kernel {
public:
  using Kernel::Kernel;

  Interface views() const override {
    return {{pixel_view(call.operand(0)), pixel_view(call.operand(1))}, {weight_view(call.result())}};
  }

  void algorithm() override {
    p.rows = static_cast<int>(call.result().dims[0]);
    const auto x = [&](Expr k, Expr m) { return inputs[0](m, k); };
    const auto g = [&](Expr j, Expr k) { return inputs[1](j, k); };
    const Expr batch = inputs[0].dim(1).extent();
    if (in_blocks())
      p.algorithm_in_blocks(define("linear_weight_gradient"), batch, x, g);
    else
      p.algorithm(define("linear_weight_gradient"), batch, p.rows, x, g);
  }

  void schedule() override {
    if (in_blocks())
      p.schedule_in_blocks(output(), target, call.result().dims[1]);
    else
      p.schedule(output(), target, call.result().dims[1], false);
  }

private:
  bool in_blocks() const { return Product::can_block(target, call.result().dims[0], call.result().dims[1]); }

  Product p;
};

} // namespace

std::unique_ptr<Kernel> make_linear(const Call& call) {
  return make<Linear>(call);
}
std::unique_ptr<Kernel> make_linear_input_gradient(const Call& call) {
  return make<LinearInputGradient>(call);
}
std::unique_ptr<Kernel> make_linear_weight_gradient(const Call& call) {
  return make<LinearWeightGradient>(call);
}

} // namespace rvb::kernels
