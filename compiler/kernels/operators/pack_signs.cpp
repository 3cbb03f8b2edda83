// pack_signs: bit i of word [tap, j, o] is 1 where the weight of channel 32 j + i and output o is not negative. What a
// training step does once with all latent weights, to read them bit by bit ever after.
#include "kernels/kernel.h"
#include "kernels/tile.h"

#include <algorithm>

namespace rvb::kernels {

namespace {

using namespace Halide;

class PackSigns : public Kernel {
public:
  using Kernel::Kernel;

  Interface views() const override {
    ir::Type w = call.operand(0);
    int rank = w.rank();
    // [out, in, tap]
    return {{view_of(w, {product(w, rank - 1, rank), product(w, rank - 2, rank - 1), product(w, 0, rank - 2)})},
            {weight_view(call.result())}};
  }

  void algorithm() override {
    bool transposed = op.integer("transposed") != 0;
    ir::Type w = call.operand(0);
    int64_t in = w.dims[static_cast<size_t>(w.rank() - (transposed ? 1 : 2))];
    int bits = static_cast<int>(std::min<int64_t>(in, 32));
    r = RDom({{0, bits}}, "r");
    Expr channel = j * 32 + r.x;
    Expr inside = min(channel, static_cast<int>(in) - 1);
    Expr weight = transposed ? inputs[0](inside, o, tap) : inputs[0](o, inside, tap);
    Expr bit = select(weight >= 0.0f, Expr(uint32_t{1}), Expr(uint32_t{0})) << cast<uint32_t>(r.x);
    if (in % 32 != 0)
      bit = select(channel < static_cast<int>(in), bit, Expr(uint32_t{0}));
    word(o, j, tap) = Expr(uint32_t{0});
    word(o, j, tap) = word(o, j, tap) | bit;
    define("pack_signs")(o, j, tap) = word(o, j, tap);
  }

  void schedule() override {
    int64_t columns = call.result().channels();
    int lanes = lanes_for(target, columns);
    Var oi("oi"), oo("oo"), task("task");
    output()
        .split(o, oo, oi, lanes, TailStrategy::ShiftInwards)
        .reorder(oi, oo, j, tap)
        .vectorize(oi)
        .fuse(j, tap, task)
        .parallel(task);
    word.compute_at(output(), oo).vectorize(o, lanes);
    word.update().reorder(o, r.x);
    // Transposed, neighbours lie as far apart as there are outputs. Halide 14 turns vectors of every second to fourth
    // number into aligned loads, also where nothing is aligned: such a layer is too small for it to matter.
    const ir::Type w = call.operand(0);
    const int64_t apart = op.integer("transposed") != 0 ? w.dims.back() : 1;
    if (apart < 2 || apart > 4)
      word.update().vectorize(o, lanes).unroll(r.x);
  }

private:
  Var o{"o"}, j{"j"}, tap{"tap"};
  Func word{"word"};
  RDom r;
};

} // namespace

std::unique_ptr<Kernel> make_pack_signs(const Call& call) {
  return make<PackSigns>(call);
}

} // namespace rvb::kernels
