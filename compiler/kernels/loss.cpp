// cross_entropy and its gradient, over logits [k, n] and labels [n].
#include "kernels/kernel.h"

namespace rvb::kernels {

namespace {

using namespace Halide;

// log softmax, with the largest logit subtracted first so that no exponential overflows.
struct LogSoftmax {
  Var n{"n"};
  Func largest{"largest"}, sum{"sum"};
  RDom r, s;

  void algorithm(const ImageParam& logits, int classes) {
    r = RDom({{1, classes - 1}}, "r");
    s = RDom({{0, classes}}, "s");
    largest(n) = logits(0, n);
    largest(n) = max(largest(n), logits(r.x, n));
    sum(n) = 0.0f;
    sum(n) += exp(logits(s.x, n) - largest(n));
  }
};

class CrossEntropy : public Kernel {
public:
  using Kernel::Kernel;

  Interface views() const override {
    return {{pixel_view(call.operand(0)), weight_view(call.operand(1))}, {weight_view(call.result())}};
  }

  void algorithm() override {
    int classes = static_cast<int>(call.operand(0).channels());
    f.algorithm(inputs[0], classes);
    Expr n = f.n;
    Expr label = clamp(inputs[1](n), 0, classes - 1);
    sample(f.n) = log(f.sum(n)) - (inputs[0](label, n) - f.largest(n));
    Expr batch = inputs[0].dim(1).extent();
    all = RDom({{0, batch}}, "all");
    total() = cast<double>(0);
    total() += cast<double>(sample(all.x));
    define("cross_entropy")() = cast<float>(total() / cast<double>(batch));
  }

  void schedule() override {
    sample.compute_root();
    f.largest.compute_at(sample, f.n);
    f.sum.compute_at(sample, f.n);
    total.compute_root();
  }

private:
  LogSoftmax f;
  Func sample{"sample"}, total{"total"};
  RDom all;
};

class CrossEntropyGradient : public Kernel {
public:
  using Kernel::Kernel;

  Interface views() const override {
    return {{pixel_view(call.operand(0)), weight_view(call.operand(1))}, {pixel_view(call.result())}};
  }

  void algorithm() override {
    int classes = static_cast<int>(call.operand(0).channels());
    f.algorithm(inputs[0], classes);
    Expr n = f.n;
    Expr softmax = exp(inputs[0](k, n) - f.largest(n)) / f.sum(n);
    Expr batch = cast<float>(inputs[0].dim(1).extent());
    define("cross_entropy_gradient")(k, f.n) = (softmax - select(k == inputs[1](n), 1.0f, 0.0f)) / batch;
  }

  void schedule() override {
    f.largest.compute_at(output(), f.n);
    f.sum.compute_at(output(), f.n);
  }

private:
  LogSoftmax f;
  Var k{"k"};
};

} // namespace

std::unique_ptr<Kernel> make_cross_entropy(const Call& call) {
  return make<CrossEntropy>(call);
}
std::unique_ptr<Kernel> make_cross_entropy_gradient(const Call& call) {
  return make<CrossEntropyGradient>(call);
}

} // namespace rvb::kernels
