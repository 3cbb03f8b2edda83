// reduce, expand, fill and index: any axes of a tensor of any rank, every dimension for itself.
#include "kernels/loops.h"

#include <algorithm>

namespace rvb::kernels {

namespace {

using namespace Halide;

std::vector<Var> variables(int count) {
  std::vector<Var> vars;
  for (int i = 0; i < count; ++i)
    vars.emplace_back("v" + std::to_string(i));
  return vars;
}

// Whether dimension `d` of a tensor of `rank` dimensions, counted from the innermost, is one of the axes.
bool is_axis(const std::vector<int64_t>& axes, int rank, int d) {
  return std::find(axes.begin(), axes.end(), rank - 1 - d) != axes.end();
}

class Expand : public Kernel {
public:
  using Kernel::Kernel;

  Interface views() const override { return {{weight_view(call.operand(0))}, {weight_view(call.result())}}; }

  void algorithm() override {
    const std::vector<int64_t> axes = op.integers("axes");
    const int rank = call.result().rank();
    vars = variables(rank);
    std::vector<Expr> inside;
    for (int d = 0; d < rank; ++d)
      if (!is_axis(axes, rank, d))
        inside.emplace_back(vars[static_cast<size_t>(d)]);
    define("expand")(vars) = inputs[0](inside);
  }

  void schedule() override { in_rows(output(), vars, target, call.result().channels()); }

private:
  std::vector<Var> vars;
};

class Fill : public Kernel {
public:
  using Kernel::Kernel;

  Interface views() const override { return {{}, {weight_view(call.result())}}; }

  void algorithm() override {
    vars = variables(call.result().rank());
    define("fill")(vars) = Expr(static_cast<float>(op.number("value")));
  }

  void schedule() override { in_rows(output(), vars, target, call.result().channels()); }

private:
  std::vector<Var> vars;
};

class Index : public Kernel {
public:
  using Kernel::Kernel;

  Interface views() const override { return {{}, {weight_view(call.result())}}; }

  void algorithm() override { define("index")(i) = cast<float>(i); }

  void schedule() override { in_rows(output(), {i}, target, call.result().channels()); }

private:
  Var i{"i"};
};

// Terms are taken in the order in which they lie in memory, so that the bits depend on nothing else: up to `in_single`
// of them in single precision, longer sums in double.
class Reduce : public Kernel {
public:
  using Kernel::Kernel;

  Interface views() const override { return {{weight_view(call.operand(0))}, {weight_view(call.result())}}; }

  void algorithm() override {
    const ir::Type x = call.operand(0);
    const std::vector<int64_t> axes = op.integers("axes");
    vars = variables(x.rank() - static_cast<int>(axes.size()));
    std::vector<std::pair<Expr, Expr>> ranges; // innermost first: the first runs fastest
    int64_t terms = 1;
    bool batch = false;
    for (int d = 0; d < x.rank(); ++d)
      if (is_axis(axes, x.rank(), d)) {
        ranges.emplace_back(0, inputs[0].dim(d).extent());
        const int64_t extent = x.dims[static_cast<size_t>(x.rank() - 1 - d)];
        batch = batch || extent == ir::batch;
        terms *= extent == ir::batch ? 1 : extent;
      }
    std::vector<Range> domain;
    for (const auto& [least, extent] : ranges)
      domain.emplace_back(least, extent);
    r = RDom(domain, "r");
    std::vector<Expr> inside;
    for (int d = 0, v = 0, next = 0; d < x.rank(); ++d)
      inside.push_back(is_axis(axes, x.rank(), d) ? Expr(r[next++]) : Expr(vars[static_cast<size_t>(v++)]));
    const Expr term = inputs[0](inside);
    const std::string kind = op.text("kind");
    Func& result = define("reduce");
    if (kind == "max") {
      total(vars) = Float(32).min();
      total(vars) = max(total(vars), term);
      result(vars) = total(vars);
      return;
    }
    const bool twice = batch || terms > in_single;
    total(vars) = twice ? cast<double>(0) : Expr(0.0f);
    total(vars) += twice ? cast<double>(term) : term;
    const Expr sum = kind == "mean" ? total(vars) / cast(total.value().type(), static_cast<int>(terms)) : total(vars);
    result(vars) = cast<float>(sum);
  }

  void schedule() override {
    const int64_t innermost = call.result().channels();
    total.compute_root();
    in_rows(total, vars, target, innermost);
    Stage update = total.update();
    if (!vars.empty()) { // the terms outside of a row, so that rows stay in registers or the nearest cache
      std::vector<VarOrRVar> order;
      order.emplace_back(vars[0]);
      for (int i = 0; i < r.dimensions(); ++i)
        order.emplace_back(r[i]);
      for (size_t i = 1; i < vars.size(); ++i)
        order.emplace_back(vars[i]);
      update.reorder(order);
    }
    in_rows(update, vars, target, innermost);
    in_rows(output(), vars, target, innermost);
  }

private:
  static constexpr int64_t in_single = 4096; // known to analysis/known.cpp as well
  std::vector<Var> vars;
  Func total{"total"};
  RDom r;
};

} // namespace

std::unique_ptr<Kernel> make_fill(const Call& call) {
  return make<Fill>(call);
}
std::unique_ptr<Kernel> make_index(const Call& call) {
  return make<Index>(call);
}
std::unique_ptr<Kernel> make_reduce(const Call& call) {
  return make<Reduce>(call);
}
std::unique_ptr<Kernel> make_expand(const Call& call) {
  return make<Expand>(call);
}

} // namespace rvb::kernels
