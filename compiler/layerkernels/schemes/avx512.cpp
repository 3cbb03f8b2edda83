// AVX-512: registers of 16 numbers hold whole tables. For the 16 channels a0 … a15 of a pixel:
//   Q = a0+a1, a2+a3, …, a14+a15, a0-a1, …, a14-a15        one addition
//   table of group g: (±a[4g] ± a[4g+1]) + (±a[4g+2] ± a[4g+3]), entry i with + where bit j of i is 1: two
//   permutations of Q, their signs, one addition.
#include "layerkernels/schemes/avx512.h"
#include "layerkernels/schemes/events.h"
#include "layerkernels/schemes/quads.h"

#include <llvm/IR/IntrinsicsX86.h>

#include <algorithm>

namespace rvb::layerkernels {

namespace {

llvm::Intrinsic::ID permutation(ir::Element spikes) {
  return spikes == ir::Element::f32 ? llvm::Intrinsic::x86_avx512_permvar_sf_512
                                    : llvm::Intrinsic::x86_avx512_permvar_si_512;
}

class Avx512Quads final : public Quads {
public:
  Avx512Quads(Code& code, const Work& work) : Quads(code, work, permutation(work.shape.spikes)) {}

protected:
  llvm::Value* prepare(llvm::Value* spikes) override { // Q
    std::vector<int> even, odd;
    std::vector<bool> minus;
    for (int i = 0; i < 16; ++i) {
      even.push_back(i % 8 * 2);
      odd.push_back(i % 8 * 2 + 1);
      minus.push_back(i >= 8);
    }
    llvm::Value* seconds = b_.CreateShuffleVector(spikes, spikes, odd);
    seconds = numbers_->signed_by(seconds, numbers_->minus_lanes(minus));
    return numbers_->add(b_.CreateShuffleVector(spikes, spikes, even), seconds);
  }

  llvm::Value* table_of_four(llvm::Value* sums, int group) override {
    llvm::Value* negated = numbers_->negated(sums);
    auto signed_pair = [&](int pair, int first, int second) {
      std::vector<int> lanes;
      std::vector<bool> minus;
      for (int i = 0; i < 16; ++i) {
        bool a = ((i >> first) & 1) != 0, b = ((i >> second) & 1) != 0;
        lanes.push_back(a == b ? pair : pair + 8);
        minus.push_back(!a);
      }
      return numbers_->signed_lanes(sums, negated, lanes, minus);
    };
    llvm::Value* second = signed_pair(2 * group + 1, 2, 3);
    return numbers_->add(signed_pair(2 * group, 0, 1), second);
  }
};

class Avx512Events final : public X86Events {
public:
  Avx512Events(Code& code, const Work& work)
      : X86Events(code, work, permutation(work.shape.spikes), llvm::Intrinsic::x86_avx512_psrl_d_512) {}

protected:
  void store_table(llvm::Value* pair, llvm::Value* third, llvm::Value* place) override {
    store(numbers_->add(pair, numbers_->add(third, signed_spike(place, 3))), place, 64);
  }
  void load_table(llvm::Value* place) override { table_ = load(numbers_->vector(), place, 64); }
  llvm::Value* look_up(llvm::Value* index) override { return permuted(table_, index); }

private:
  llvm::Value* table_ = nullptr;
};

class Avx512 : public Scheme {
public:
  explicit Avx512(const Shape& shape) : Scheme(shape, 16) {}

  Block block(int results, int vectors) const override {
    // Integers run best where LLVM keeps all in registers: G synapses a second of the convolutions of scheme.cpp,
    // 32 bits: 6 x 2 293 to 345, 3 x 4 284 to 374, 8 x 2 248 to 330, 8 x 4 187 to 295.
    const bool real = shape_.spikes == ir::Element::f32;
    return cheapest_block(results, vectors, {real ? 24 : 12, 8, !real, 0.6, 0.55});
  }
  double break_even(int vectors) const override {
    return events_break_even(shape_.spikes == ir::Element::f32 ? 0.82 : 0.70, vectors);
  }
  std::unique_ptr<Synapses> synapses(Code& code, const Work& work) const override {
    return std::make_unique<Avx512Quads>(code, work);
  }
};

} // namespace

// Zen 5, 4 and 8 vectors: f32 35 and 15 %, i32 46 and 29 %, i16 68 and 59 %. A group takes 0.35 cycles where it is
// silent, 2 and 0.67 a vector where it is visited, and dense 0.82, 0.70 or 0.42 a vector; the formula says that, and a
// twentieth more to be on the safe side.
double events_break_even(double dense, double vectors) {
  const double silent = 0.35, visited = 2 + 0.67 * vectors;
  return std::min(0.95, 1.05 - (dense * vectors - silent) / (visited - silent));
}

std::unique_ptr<Scheme> schemes::avx512(const Shape& shape) {
  std::unique_ptr<Scheme> dense;
  if (shape.spikes == ir::Element::i16)
    dense = avx512_words(shape);
  else
    dense = std::make_unique<Avx512>(shape);
  if (!shape.sparse)
    return dense;
  return std::make_unique<EventScheme<Avx512Events>>(shape, *dense);
}

} // namespace rvb::layerkernels
