// concat, slice and pad: along one axis. Tensors are seen as [inner, n, outer], n the axis.
#include "kernels/kernel.h"
#include "kernels/tile.h"

namespace rvb::kernels {

namespace {

using namespace Halide;

class AlongAxis : public Kernel {
public:
  using Kernel::Kernel;

  Interface views() const override {
    Interface interface;
    for (size_t k = 0; k < op.operands.size(); ++k)
      interface.inputs.push_back(axis_view(call.operand(k), op.integer("axis")));
    interface.outputs.push_back(axis_view(call.result(), op.integer("axis")));
    return interface;
  }

  // Vectors along what lies together: the axis itself where it is the innermost.
  void schedule() override {
    const bool last = op.integer("axis") == call.result().rank() - 1;
    Var lane("lane");
    Var along = last ? a : i;
    output().parallel(o).split(along, along, lane, vec, TailStrategy::GuardWithIf).vectorize(lane);
    if (last)
      output().reorder(lane, a, i, o);
  }

protected:
  int extent(size_t operand) const {
    return static_cast<int>(call.operand(operand).dims[static_cast<size_t>(op.integer("axis"))]);
  }

  Var i{"i"}, a{"a"}, o{"o"};
};

class Concat : public AlongAxis {
public:
  using AlongAxis::AlongAxis;

  void algorithm() override {
    int end = 0;
    for (size_t k = 0; k < inputs.size(); ++k)
      end += extent(k);
    Expr value;
    for (size_t k = inputs.size(); k > 0; --k) {
      const int begin = end - extent(k - 1);
      const Expr part = inputs[k - 1](i, clamp(a - begin, 0, extent(k - 1) - 1), o);
      value = value.defined() ? select(a < end, part, value) : part;
      end = begin;
    }
    define("concat")(i, a, o) = value;
  }
};

class Slice : public AlongAxis {
public:
  using AlongAxis::AlongAxis;

  void algorithm() override { define("slice")(i, a, o) = inputs[0](i, a + static_cast<int>(op.integer("begin")), o); }
};

class Pad : public AlongAxis {
public:
  using AlongAxis::AlongAxis;

  void algorithm() override {
    const int before = static_cast<int>(op.integer("before"));
    const Expr value = inputs[0](i, clamp(a - before, 0, extent(0) - 1), o);
    define("pad")(i, a, o) = select(a >= before && a < before + extent(0), value, cast(value.type(), 0));
  }
};

} // namespace

std::unique_ptr<Kernel> make_concat(const Call& call) {
  return make<Concat>(call);
}
std::unique_ptr<Kernel> make_slice(const Call& call) {
  return make<Slice>(call);
}
std::unique_ptr<Kernel> make_pad(const Call& call) {
  return make<Pad>(call);
}

} // namespace rvb::kernels
