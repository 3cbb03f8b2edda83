// AVX2: registers of 8 numbers. Entry i of a table has the signs of the first three spikes, and the fourth is added;
// its bit of the weights is the sign of what is found.
#include "layerkernels/schemes/avx2.h"
#include "layerkernels/schemes/events.h"
#include "layerkernels/schemes/quads.h"

#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/IntrinsicsX86.h>

namespace rvb::layerkernels {

namespace {

llvm::Intrinsic::ID permutation(ir::Element spikes) {
  return spikes == ir::Element::f32 ? llvm::Intrinsic::x86_avx2_permps : llvm::Intrinsic::x86_avx2_permd;
}

class Avx2Quads : public Quads {
public:
  Avx2Quads(Code& code, const Work& work) : Quads(code, work, permutation(work.shape.spikes)) {}

protected:
  llvm::Value* table_of_four(llvm::Value* spikes, int group) override {
    auto signed_spike = [&](int channel, int bit) {
      llvm::Value* all = b_.CreateShuffleVector(spikes, spikes, std::vector<int>(8, 4 * group + channel));
      std::vector<bool> minus;
      for (int i = 0; i < 8; ++i)
        minus.push_back(((i >> bit) & 1) == 0);
      return bit == 3 ? all : numbers_->signed_by(all, numbers_->minus_lanes(minus));
    };
    auto pair = [&](int first) {
      llvm::Value* second = signed_spike(first + 1, first + 1);
      return numbers_->add(signed_spike(first, first), second);
    };
    llvm::Value* first = pair(0);
    return numbers_->add(first, pair(2));
  }

  void begin(int vectors) override {
    negative_.assign(static_cast<size_t>(vectors), nullptr);
    minus_ = negative_;
  }
  // The fourth bit is the sign; where it is 0 the other three are inverted, in all groups at once: -(x) has the
  // opposite signs. 8 - 1 are the three.
  llvm::Value* word(llvm::Value* word, int v) override {
    llvm::Value*& negative = negative_[static_cast<size_t>(v)];
    negative = b_.CreateAnd(b_.CreateNot(word), b_.CreateVectorSplat(8, b_.getInt32(0x88888888)));
    return b_.CreateXor(word, b_.CreateSub(negative, b_.CreateLShr(negative, 3)));
  }
  void group(int g) override {
    for (size_t v = 0; v < negative_.size(); ++v) {
      minus_[v] = sign(b_.CreateShl(negative_[v], 28 - 4 * static_cast<uint64_t>(g)));
      count(static_cast<int>(v));
    }
  }
  llvm::Value* minus(int v) const { return minus_[static_cast<size_t>(v)]; }

  virtual llvm::Value* sign(llvm::Value* highest_bit) = 0; // what found() turns by
  virtual void count(int /*v*/) {}

private:
  std::vector<llvm::Value*> negative_, minus_; // of each vector of outputs
};

class Avx2Reals final : public Avx2Quads {
public:
  using Avx2Quads::Avx2Quads;

protected:
  llvm::Value* sign(llvm::Value* highest_bit) override {
    return b_.CreateAnd(highest_bit, b_.CreateVectorSplat(8, b_.getInt32(0x80000000)));
  }
  llvm::Value* found(llvm::Value* looked_up, int v) override { return numbers_->signed_by(looked_up, minus(v)); }
};

// Turned by an exclusive or alone, -x - 1; the ones are counted, with their sign, and subtracted at the end: an
// addition for all pixels instead of one for each.
class Avx2Integers final : public Avx2Quads {
public:
  using Avx2Quads::Avx2Quads;

protected:
  void begin(int vectors) override {
    Avx2Quads::begin(vectors);
    counts_.clear();
    for (int v = 0; v < vectors; ++v) {
      counts_.push_back(b_.CreateAlloca(ints_));
      b_.CreateStore(llvm::ConstantAggregateZero::get(ints_), counts_.back());
    }
  }
  llvm::Value* sign(llvm::Value* highest_bit) override { return b_.CreateAShr(highest_bit, 31); }
  void count(int v) override { add_to(counts_[static_cast<size_t>(v)], minus(v)); }
  llvm::Value* found(llvm::Value* looked_up, int v) override { return b_.CreateXor(looked_up, minus(v)); }
  llvm::Value* result(llvm::Value* sum, int v) override {
    return b_.CreateSub(sum, b_.CreateLoad(ints_, counts_[static_cast<size_t>(v)]));
  }

private:
  std::vector<llvm::Value*> counts_;
};

// Two tables, one in which the fourth spike is added and one in which it is subtracted. Its bit, as a sign, chooses
// between two lookups: two instructions less than turning one over.
class Avx2Events final : public X86Events {
public:
  Avx2Events(Code& code, const Work& work)
      : X86Events(code, work, permutation(work.shape.spikes), llvm::Intrinsic::x86_avx2_psrl_d) {}

protected:
  void store_table(llvm::Value* pair, llvm::Value* third, llvm::Value* place) override {
    llvm::Value* fourth = spike(place, 3);
    llvm::Value* less = numbers_->sub(third, fourth);
    llvm::Value* plus_sums = numbers_->add(pair, numbers_->add(third, fourth));
    llvm::Value* minus_sums = numbers_->add(pair, less);
    store(plus_sums, place, 32);
    store(minus_sums, bytes_on(place, 32), 32);
  }
  void load_table(llvm::Value* place) override {
    plus_sums_ = load(numbers_->vector(), place, 32);
    minus_sums_ = load(numbers_->vector(), bytes_on(place, 32), 32);
  }
  llvm::Value* look_up(llvm::Value* index) override {
    llvm::Function* blend = llvm::Intrinsic::getDeclaration(&module_, llvm::Intrinsic::x86_avx_blendv_ps_256);
    llvm::Value* looked_up = permuted(plus_sums_, index);
    llvm::Value* fourth = b_.CreateBitCast(b_.CreateShl(index, 28), floats_);
    llvm::Value* other = permuted(minus_sums_, index);
    return b_.CreateBitCast(
        b_.CreateCall(blend, {b_.CreateBitCast(other, floats_), b_.CreateBitCast(looked_up, floats_), fourth}),
        numbers_->vector());
  }
  // Nothing but an order for the compiler: the shift of the next vector comes after this sum. LLVM would look up all
  // vectors first, to add late, and has no registers for that: with all groups firing, 64 -> 64 at 32 x 32 took 3.07 ms
  // and takes 0.81, 2.05 cycles a lookup, where the two lookups and two shifts alone take 2.
  void hold(llvm::Value*& sum, llvm::Value*& shift) override {
    auto* both = llvm::StructType::get(sum->getType(), shift->getType());
    auto* type = llvm::FunctionType::get(both, {sum->getType(), shift->getType()}, false);
    llvm::Value* held = b_.CreateCall(llvm::InlineAsm::get(type, "", "=x,=x,0,1", false), {sum, shift});
    sum = b_.CreateExtractValue(held, 0);
    shift = b_.CreateExtractValue(held, 1);
  }

private:
  llvm::Value *plus_sums_ = nullptr, *minus_sums_ = nullptr;
};

class Avx2 : public Scheme {
public:
  explicit Avx2(const Shape& shape) : Scheme(shape, 8) {}

  Block block(int results, int vectors) const override {
    return cheapest_block(results, vectors, {8, 2, false, 1.25, 1.2});
  }
  // Zen 4, where 8 vectors of outputs share the visit of a group: f32 40 %, i32 42 %. With fewer vectors f32 was
  // measured against dense sums that took a fifth longer: 1 vector 56 %, 2 40 %, 3 35 %, 5 29 %, 8 28 %; the formula is
  // that curve, the fifth taken off.
  double break_even(int vectors) const override { return 0.38 + 0.25 / static_cast<double>(vectors); }
  std::unique_ptr<Synapses> synapses(Code& code, const Work& work) const override {
    if (shape_.spikes == ir::Element::f32)
      return std::make_unique<Avx2Reals>(code, work);
    return std::make_unique<Avx2Integers>(code, work);
  }
};

} // namespace

std::unique_ptr<Scheme> schemes::avx2(const Shape& shape) {
  std::unique_ptr<Scheme> dense;
  if (shape.spikes == ir::Element::i16)
    dense = avx2_bytes(shape);
  else
    dense = std::make_unique<Avx2>(shape);
  if (!shape.sparse)
    return dense;
  return std::make_unique<EventScheme<Avx2Events>>(shape, *dense);
}

} // namespace rvb::layerkernels
