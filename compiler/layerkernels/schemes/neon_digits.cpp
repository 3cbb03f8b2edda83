// Spikes of 16 bits, in two digits of 8: what is looked up is the signed sum of four spikes plus 2^15, one byte of it
// in each of two tables. A table has 16 such bytes of a group of four channels and 16 of the next. An index vector has
// the bits of eight outputs: byte 2 j chooses from the first group's, byte 2 j + 1 from the second's. `uadalp` adds the
// two bytes that are found for an output to its sum of 16 bits: 64 synapses of a digit in two instructions.
//
// 128 such steps fit into 16 bits (128 · 2 · 255); then sums go to those of 32 bits, in memory. What was added, 2^15
// for every group, is known from the number of taps. Spikes could be as large as 8191; they are at most 1023 on every
// machine.
#include "layerkernels/schemes/neon.h"

#include <llvm/IR/IntrinsicsAArch64.h>

#include <algorithm>

namespace rvb::layerkernels {

namespace {

constexpr int64_t lift = 1 << 15;
constexpr int64_t steps_in_16 = 65535 / (2 * 255);

class NeonDigits final : public Neon {
public:
  static constexpr NeonFormat format{8, 2, 8};

  NeonDigits(Code& code, const Work& work)
      : Neon(code, work, format), shorts_(llvm::FixedVectorType::get(code.i16, 8)) {}

protected:
  void store_tables(llvm::Value* spikes, const Spikes& others, llvm::Value* place, int count) override;
  void store_zeros(llvm::Value* place, int columns) override;
  llvm::Value* chunk_tables(llvm::Value* pixel, llvm::Value* channel) override {
    return bytes_on(pixel, times(channel, format.step_bytes() / format.channels));
  }
  llvm::Value* indices(llvm::Value* words, llvm::Value* step, int used) override;
  llvm::FixedVectorType* sums_type() const override { return shorts_; }
  llvm::Value* add(llvm::Value* sum, llvm::Value* found) override {
    llvm::Function* pairs =
        llvm::Intrinsic::getDeclaration(&module_, llvm::Intrinsic::aarch64_neon_uaddlp, {shorts_, bytes_});
    return b_.CreateAdd(sum, b_.CreateCall(pairs, {found}));
  }
  int64_t most_steps() const override { return steps_in_16; }
  void begin(const Variant& variant) override;
  void widen(const Variant& variant, const Sums& sums) override;
  Sums results(llvm::Function* f, const Variant& variant, const Sums& sums) override;

private:
  llvm::Value* wide(const Variant& variant, int pixel, int vector) { // of 32 bits
    return b_.CreateGEP(ints_, wide_, number(int64_t{1} * pixel * variant.vectors + vector));
  }

  llvm::FixedVectorType* const shorts_;
  llvm::Value* wide_ = nullptr; // while build_sums() runs
};

} // namespace

void NeonDigits::store_tables(llvm::Value* spikes, const Spikes&, llvm::Value* place, int) {
  llvm::Value* negative = b_.CreateNeg(spikes);
  std::vector<int> even, odd;
  for (int i = 0; i < 16; ++i) {
    even.push_back(2 * i);
    odd.push_back(2 * i + 1);
  }
  for (int group = 0; group < 2; ++group) {
    auto signed_spike = [&](int bit) { // in eight entries
      std::vector<int> lanes;
      for (int i = 0; i < 8; ++i)
        lanes.push_back(4 * group + bit + (((i >> bit) & 1) != 0 ? 0 : 8));
      return b_.CreateShuffleVector(spikes, negative, lanes);
    };
    llvm::Value* three = b_.CreateAdd(b_.CreateAdd(signed_spike(0), signed_spike(1)), signed_spike(2));
    three = b_.CreateAdd(three, b_.CreateVectorSplat(8, b_.getInt16(lift)));
    llvm::Value* fourth = b_.CreateShuffleVector(spikes, spikes, std::vector<int>(8, 4 * group + 3));
    llvm::Value* minus = b_.CreateBitCast(b_.CreateSub(three, fourth), bytes_);
    llvm::Value* plus = b_.CreateBitCast(b_.CreateAdd(three, fourth), bytes_);
    store(b_.CreateShuffleVector(minus, plus, even), bytes_on(place, 16 * group), 16);
    store(b_.CreateShuffleVector(minus, plus, odd), bytes_on(place, 32 + 16 * group), 16);
  }
}

// Sums of silent groups are `lift`.
void NeonDigits::store_zeros(llvm::Value* place, int columns) {
  loop(number(0), number(columns * steps()), [&](llvm::Value* step) {
    llvm::Value* tables = bytes_on(place, times(step, format.step_bytes()));
    for (int i = 0; i < 4; ++i)
      store(b_.CreateVectorSplat(16, b_.getInt8(i < 2 ? 0 : lift >> 8)), bytes_on(tables, 16 * i), 16);
  });
}

llvm::Value* NeonDigits::indices(llvm::Value* words, llvm::Value* step, int used) {
  llvm::Value* shift = b_.CreateTrunc(b_.CreateShl(b_.CreateAnd(step, 3), 3), i32_);
  llvm::Value* byte = b_.CreateLShr(word_at(words, b_.CreateLShr(step, 2), used), b_.CreateVectorSplat(8, shift));
  llvm::Value* eight = b_.CreateTrunc(byte, shorts_);
  auto only = [&](llvm::Value* bits, uint16_t mask) {
    return b_.CreateAnd(bits, b_.CreateVectorSplat(8, b_.getInt16(mask)));
  };
  llvm::Value* both = b_.CreateOr(only(eight, 0x000f), only(b_.CreateShl(eight, 4), 0x0f00));
  return b_.CreateBitCast(b_.CreateOr(both, b_.CreateVectorSplat(8, b_.getInt16(0x1000))), bytes_);
}

void NeonDigits::begin(const Variant& variant) {
  const int count = variant.pixels * variant.vectors;
  wide_ = unknown(b_.CreateAlloca(ints_, b_.getInt32(static_cast<uint32_t>(count)))); // kept in memory
  for (int i = 0; i < count; ++i)
    b_.CreateStore(llvm::Constant::getNullValue(ints_), b_.CreateGEP(ints_, wide_, number(i)));
}

void NeonDigits::widen(const Variant& variant, const Sums& sums) {
  for (int p = 0; p < variant.pixels; ++p)
    for (int v = 0; v < variant.vectors; ++v) {
      llvm::Value* place_of_sum = wide(variant, p, v);
      llvm::Value* sum = b_.CreateLoad(ints_, place_of_sum);
      for (int digit = 0; digit < format.tables; ++digit) {
        llvm::Value* narrow = sums[place(variant, p, digit, v)];
        llvm::Value* term = b_.CreateZExt(b_.CreateLoad(shorts_, narrow), ints_);
        sum = b_.CreateAdd(sum, digit == 0 ? term : b_.CreateShl(term, static_cast<uint64_t>(8 * digit)));
        b_.CreateStore(llvm::Constant::getNullValue(shorts_), narrow);
      }
      b_.CreateStore(sum, place_of_sum);
    }
}

Neon::Sums NeonDigits::results(llvm::Function* f, const Variant& variant, const Sums& sums) {
  widen(variant, sums);
  llvm::Value* taps = b_.CreateMul(f->getArg(3), f->getArg(4));
  llvm::Value* lifted = b_.CreateVectorSplat(8, b_.CreateTrunc(times(taps, 2 * lift * steps()), i32_));
  Sums results;
  for (int p = 0; p < variant.pixels; ++p)
    for (int v = 0; v < variant.vectors; ++v)
      results.push_back(b_.CreateSub(b_.CreateLoad(ints_, wide(variant, p, v)), lifted));
  return results;
}

std::unique_ptr<Scheme> neon_digits(const Shape& shape) {
  return std::make_unique<NeonScheme<NeonDigits>>(shape);
}

} // namespace rvb::layerkernels
