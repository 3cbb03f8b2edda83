// cross_entropy and its gradient, over logits [k, n] and labels [n]. Where every time step has its logits, n runs over
// time and batch, and the labels begin again at each step. A smoothed label takes the share `smoothing` off the label
// and spreads it evenly over the classes.
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

Expr label_of(const Call& call, const ImageParam& labels, const Expr& n) {
  return labels(call.operand(0).rank() == 3 ? n % labels.dim(0).extent() : n);
}

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
    Expr label = clamp(label_of(call, inputs[1], n), 0, classes - 1);
    Expr right = inputs[0](label, n) - f.largest(n);
    if (const float smoothing = static_cast<float>(op.number("smoothing")); smoothing > 0) {
      classes_ = RDom({{0, classes}}, "c");
      spread(f.n) = 0.0f;
      spread(f.n) += inputs[0](classes_.x, f.n) - f.largest(f.n);
      right = (1.0f - smoothing) * right + smoothing / static_cast<float>(classes) * spread(n);
    }
    sample(f.n) = log(f.sum(n)) - right;
    Expr rows = inputs[0].dim(1).extent();
    all = RDom({{0, rows}}, "all");
    total() = cast<double>(0);
    total() += cast<double>(sample(all.x));
    define("cross_entropy")() = cast<float>(total() / cast<double>(rows));
  }

  void schedule() override {
    sample.compute_root();
    f.largest.compute_at(sample, f.n);
    f.sum.compute_at(sample, f.n);
    if (spread.defined())
      spread.compute_at(sample, f.n);
    total.compute_root();
  }

private:
  LogSoftmax f;
  Func sample{"sample"}, spread{"spread"}, total{"total"};
  RDom all, classes_;
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
    Expr rows = cast<float>(inputs[0].dim(1).extent());
    const float smoothing = static_cast<float>(op.number("smoothing")), rest = smoothing / static_cast<float>(classes);
    Expr target = select(k == label_of(call, inputs[1], n), 1.0f - smoothing + rest, rest);
    define("cross_entropy_gradient")(k, f.n) = (softmax - target) / rows;
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
