// dropout_mask and random: a hash of key, operation, sample and element in 32 bits, each two rounds of Wellons' mixing
// function.
#include "kernels/kernel.h"
#include "kernels/tile.h"

namespace rvb::kernels {

namespace {

using namespace Halide;

Expr word(uint32_t value) {
  return Internal::make_const(UInt(32), static_cast<uint64_t>(value));
}

Expr mixed(Expr x) {
  x = x ^ (x >> 16);
  x = x * word(0x7feb352dU);
  x = x ^ (x >> 15);
  x = x * word(0x846ca68bU);
  return x ^ (x >> 16);
}

// The words drawn; what becomes of them is `number`.
class Drawn : public Kernel {
public:
  using Kernel::Kernel;

  // [elements of a sample, samples]; of what is the same for all samples, one of them
  Interface views() const override {
    const ir::Type& y = call.result();
    const int samples = y.has_batch() ? 1 : 0;
    return {{weight_view(call.operand(0))}, {view_of(y, {product(y, samples, y.rank()), product(y, 0, samples)})}};
  }

  void algorithm() override {
    const auto key = [&](int i) { return cast(UInt(32), inputs[0](i)); };
    const Expr operation = word(static_cast<uint32_t>(op.integer("operation")));
    sample(n) = mixed(cast(UInt(32), n) ^ mixed(key(0) ^ mixed(key(1) ^ mixed(operation + word(0x9e3779b9U)))));
    const Expr drawn = mixed(mixed(cast(UInt(32), e) ^ sample(n)) + sample(n));
    define(ir::info(op.opcode).name)(e, n) = number(drawn);
  }

  void schedule() override {
    Var lane("lane");
    sample.compute_at(output(), n);
    output().parallel(n).split(e, e, lane, vec, TailStrategy::GuardWithIf).vectorize(lane);
  }

private:
  virtual Expr number(const Expr& drawn) const = 0;

  Var e{"e"}, n{"n"};
  Func sample{"sample"};
};

class DropoutMask : public Drawn {
public:
  using Drawn::Drawn;

private:
  Expr number(const Expr& drawn) const override {
    const double rate = op.number("rate");
    const Expr kept = drawn >= word(static_cast<uint32_t>(rate * 4294967296.0));
    return select(kept, static_cast<float>(1 / (1 - rate)), 0.0f);
  }
};

// The upper 24 bits, which a float holds.
class Random : public Drawn {
public:
  using Drawn::Drawn;

private:
  Expr number(const Expr& drawn) const override { return cast<float>(drawn >> 8) * 5.9604644775390625e-8f; }
};

} // namespace

std::unique_ptr<Kernel> make_dropout_mask(const Call& call) {
  return make<DropoutMask>(call);
}

std::unique_ptr<Kernel> make_random(const Call& call) {
  return make<Random>(call);
}

} // namespace rvb::kernels
