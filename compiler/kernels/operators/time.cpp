// repeat, sum_time, mean_time, split_time, stack_time: over the outermost axis, everything inside it taken together.
#include "kernels/loops.h"

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
    in_chunks(output(), f, vec).reorder(fi, f, t, fo); // a task is read once, written T times
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
    bool mean = op.opcode == ir::Opcode::mean_time;
    Func result = define(ir::info(op.opcode).name);
    Expr total = inputs[0](f, 0);
    // Always one after the other: the bits do not depend on whether it is unrolled. Long sums as one expression would
    // be too deep for the compiler.
    if (times <= unrolled) {
      for (int t = 1; t < times; ++t)
        total += inputs[0](f, t);
      result(f) = mean ? total / static_cast<float>(times) : total;
      return;
    }
    r = RDom({{1, times - 1}}, "r");
    result(f) = total;
    result(f) += inputs[0](f, r.x);
    if (mean)
      result(f) = result(f) / static_cast<float>(times);
  }

  void schedule() override {
    Var fo("fo"), fi("fi");
    in_chunks(output(), f, vec);
    for (int i = 0; i < output().num_update_definitions(); ++i) {
      Stage stage = output().update(i);
      in_chunks(stage, f, vec);
      if (i == 0)
        stage.reorder(fi, r.x, f, fo);
    }
  }

private:
  static constexpr int unrolled = 16;
  Var f{"f"};
  RDom r;
};

class SplitTime : public Kernel {
public:
  using Kernel::Kernel;

  Interface views() const override {
    ir::Type x = call.operand(0);
    Extent all = product(x, 1, x.rank());
    Interface interface {
      {view_of(x, {all, {x.dims[0], 0}})}, {}
    };
    for (size_t t = 0; t < op.results.size(); ++t)
      interface.outputs.push_back(view_of(x, {all}));
    return interface;
  }

  void algorithm() override {
    std::vector<Expr> steps;
    for (int t = 0; t < static_cast<int>(op.results.size()); ++t)
      steps.push_back(inputs[0](f, t));
    if (steps.size() == 1)
      define("split_time")(f) = steps[0];
    else
      define("split_time")(f) = Tuple(steps);
  }

  void schedule() override { in_chunks(output(), f, vec); }

private:
  Var f{"f"};
};

class StackTime : public Kernel {
public:
  using Kernel::Kernel;

  Interface views() const override {
    ir::Type x = call.operand(0);
    Extent all = product(x, 0, x.rank());
    return {std::vector<View>(op.operands.size(), view_of(x, {all})),
            {view_of(x, {all, {static_cast<int64_t>(op.operands.size()), 0}})}};
  }

  // One loop has a copy of its body for each step, which know each other's inputs: that grows with the square of their
  // number. Many steps are a loop each.
  void algorithm() override {
    if (many()) {
      define("stack_time")(f, t) = undef(inputs[0].type());
      for (size_t s = 0; s < inputs.size(); ++s)
        output()(f, static_cast<int>(s)) = inputs[s](f);
      return;
    }
    Expr step = inputs.back()(f);
    for (int s = static_cast<int>(inputs.size()) - 2; s >= 0; --s)
      step = select(t == s, inputs[static_cast<size_t>(s)](f), step);
    define("stack_time")(f, t) = step;
  }

  void schedule() override {
    Var fo("fo"), fi("fi");
    for (int s = 0; many() && s < static_cast<int>(inputs.size()); ++s) {
      Stage stage = output().update(s);
      in_chunks(stage, f, vec);
    }
    if (!many()) // each copy knows its step: no select is left
      in_chunks(output(), f, vec).reorder(fi, f, t, fo).unroll(t, static_cast<int>(inputs.size()));
  }

private:
  bool many() const { return inputs.size() > 16; }
  Var f{"f"}, t{"t"};
};

} // namespace

std::unique_ptr<Kernel> make_split_time(const Call& call) {
  return make<SplitTime>(call);
}
std::unique_ptr<Kernel> make_stack_time(const Call& call) {
  return make<StackTime>(call);
}
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
