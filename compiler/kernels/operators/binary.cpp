// binary_conv2d and binary_linear: sums under signs. Bit i of a word is the sign of channel 32 j + i: 1 adds, 0
// subtracts. The bit, inverted and moved to the top of the word, flips the sign of the spike: an exclusive or and an
// addition a synapse, no multiplication.
#include "kernels/convolution.h"

#include <algorithm>

namespace rvb::kernels {

namespace {

using namespace Halide;

constexpr int word_bits = 32;

// +x where bit `bit` of `word` is 1, else -x.
Expr signed_by(const Expr& x, const Expr& word, const Expr& bit) {
  if (!x.type().is_float()) { // all bits inverted, plus one
    Expr minus = cast<int32_t>((word >> cast<uint32_t>(bit)) & 1u) - 1;
    return (x ^ minus) - minus;
  }
  Expr flip = (~word << cast<uint32_t>(word_bits - 1 - bit)) & Expr(uint32_t{0x80000000});
  return reinterpret<float>(reinterpret<uint32_t>(x) ^ flip);
}

// Integers are summed in 32 bits.
Expr in_sums(const Expr& spike) {
  return spike.type().is_float() ? spike : cast<int32_t>(spike);
}

// Bits of a word that are in use: all of them when there are several words, the last one's rest meeting zeros.
int bits_of(int64_t channels) {
  return static_cast<int>(std::min<int64_t>(channels, word_bits));
}
int words_of(int64_t channels) {
  return static_cast<int>((channels + word_bits - 1) / word_bits);
}
bool fills_words(int64_t channels) {
  return channels <= word_bits || channels % word_bits == 0;
}

class BinaryConv2d : public Kernel {
public:
  using Kernel::Kernel;

  Interface views() const override {
    Interface interface {
      {image_view(call.operand(0)), weight_view(call.operand(1))}, { image_view(call.result()) }
    };
    if (op.operands.size() > 2)
      interface.inputs.push_back(weight_view(call.operand(2)));
    return interface;
  }

  void algorithm() override {
    std::vector<int64_t> kernel = op.integers("kernel");
    c.sizes = sizes_of(op, call.operand(0), call.result(), kernel[0], kernel[1]);
    const Sizes& s = c.sizes;
    c.pad(
        [&](Expr k, Expr x, Expr y, Expr n) {
          Expr spike = in_sums(inputs[0](k, x, y, n));
          return inputs.size() > 2 ? spike * inputs[2](k) : spike; // alpha, in training
        },
        !fills_words(s.in));
    r = RDom({{0, bits_of(s.in)}, {0, words_of(s.in)}, {0, s.kernel_x}, {0, s.kernel_y}}, "r");
    Expr x = c.padded(r.y * word_bits + r.x, c.x * s.stride_x + r.z * s.tap_x, c.y * s.stride_y + r.w * s.tap_y, c.n);
    c.sum(c.j, c.x, c.y, c.n) = cast(x.type(), 0);
    c.sum(c.j, c.x, c.y, c.n) += signed_by(x, inputs[1](c.j, r.y, r.w * s.kernel_x + r.z), r.x);
    define("binary_conv2d")(c.j, c.x, c.y, c.n) = c.sum(c.j, c.x, c.y, c.n);
  }

  void schedule() override {
    c.schedule_tiles(output(), target);
    // A word is read once and its 32 bits are taken one after the other, each for all pixels of the tile.
    c.sum.update()
        .reorder(c.j, c.x, c.y, r.x, r.y, r.z, r.w)
        .vectorize(c.j, c.tile.lanes)
        .unroll(c.j)
        .unroll(c.x)
        .unroll(c.y)
        .unroll(r.x);
  }

private:
  Correlation c;
  RDom r;
};

class BinaryLinear : public Kernel {
public:
  using Kernel::Kernel;

  Interface views() const override {
    Interface interface {
      {pixel_view(call.operand(0)), weight_view(call.operand(1))}, { pixel_view(call.result()) }
    };
    if (op.operands.size() > 2)
      interface.inputs.push_back(weight_view(call.operand(2)));
    return interface;
  }

  void algorithm() override {
    int64_t in = call.operand(0).channels();
    Expr rows = inputs[0].dim(1).extent();
    // A tile may reach past the last row, and the last word past the last channel.
    Expr x = in_sums(inputs[0](fills_words(in) ? Expr(k) : clamp(k, 0, static_cast<int>(in) - 1), min(m, rows - 1)));
    if (inputs.size() > 2)
      x = x * inputs[2](fills_words(in) ? Expr(k) : clamp(k, 0, static_cast<int>(in) - 1));
    filled(k, m) = fills_words(in) ? x : select(likely(k < static_cast<int>(in)), x, cast(x.type(), 0));
    r = RDom({{0, bits_of(in)}, {0, words_of(in)}}, "r");
    sum(j, m) = cast(x.type(), 0);
    sum(j, m) += signed_by(filled(r.y * word_bits + r.x, m), inputs[1](j, r.y, 0), r.x);
    define("binary_linear")(j, m) = sum(j, m);
  }

  void schedule() override {
    int64_t out = call.result().channels();
    // A single sample needs few rows, so tiles are lower than a convolution's.
    Tile tile = choose_tile(target, 4, 1, out);
    Var ji("ji"), jo("jo"), mi("mi"), mo("mo");
    output()
        .split(j, jo, ji, tile.outputs(), TailStrategy::ShiftInwards)
        .split(m, mo, mi, tile.x, TailStrategy::GuardWithIf)
        .reorder(ji, mi, jo, mo)
        .vectorize(ji, tile.lanes)
        .unroll(ji)
        .unroll(mi)
        .parallel(mo);
    sum.compute_at(output(), jo).bound_extent(m, tile.x).vectorize(j, tile.lanes).unroll(j).unroll(m);
    sum.update().reorder(j, m, r.x, r.y).vectorize(j, tile.lanes).unroll(j).unroll(m).unroll(r.x);
    // The rows are copied side by side, so that their places are constants: else LLVM multiplies vectors of row
    // numbers.
    filled.compute_at(output(), mo)
        .bound_extent(m, tile.x)
        .vectorize(k, lanes_for(target, call.operand(0).channels()), TailStrategy::GuardWithIf);
  }

private:
  Var j{"j"}, k{"k"}, m{"m"};
  Func filled{"filled"}, sum{"sum"};
  RDom r;
};

} // namespace

std::unique_ptr<Kernel> make_grouped_binary_conv2d(const Call& call); // conv2d_grouped.cpp

std::unique_ptr<Kernel> make_binary_conv2d(const Call& call) {
  if (call.op.integer("groups") > 1)
    return make_grouped_binary_conv2d(call);
  return make<BinaryConv2d>(call);
}
std::unique_ptr<Kernel> make_binary_linear(const Call& call) {
  return make<BinaryLinear>(call);
}

} // namespace rvb::kernels
