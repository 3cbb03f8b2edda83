// Integer spikes, in digits of 8 bits: what is looked up is a sum of four spikes, one byte of it in each of two or
// three tables. A table has 16 such bytes of a group of four channels and 16 of the next. An index vector has the bits
// of eight outputs: byte 2 j chooses from the first group's, byte 2 j + 1 from the second's. `uadalp` adds the two
// bytes that are found for an output to its sum of 16 bits: 64 synapses of a digit in two instructions.
//
// 128 such steps fit into 16 bits (128 · 2 · 255); then sums go to those of 32 bits, in memory. Sums of spikes have
// signs, digits have none:
//   i16, two digits     the signed sum plus 2^15. What was added is known from the number of taps. Spikes could be as
//                       large as 8191; they are at most 1023 on every machine.
//   i32, three digits   t = (the signed sum + |a| + |b| + |c| + |d|) / 2, which is max(x, 0) where the sign is + and
//                       max(-x, 0) where it is -, all four added. The sum of all |x| is made once a pixel and added
//                       once a tap. Spikes are at most 2^22 - 1, so that t is below 2^24.
#include "layerkernels/schemes/neon.h"

#include <llvm/IR/IntrinsicsAArch64.h>

#include <algorithm>

namespace rvb::layerkernels {

namespace {

constexpr int64_t lift = 1 << 15;
constexpr int64_t steps_in_16 = 65535 / (2 * 255);

class NeonDigits : public Neon {
protected:
  NeonDigits(Code& code, const Work& work, const NeonFormat& format)
      : Neon(code, work, format), shorts_(llvm::FixedVectorType::get(code.i16, 8)) {}

  llvm::Value* chunk_tables(llvm::Value* pixel, llvm::Value* channel) override {
    return bytes_on(pixel, times(channel, format_.step_bytes() / format_.channels));
  }
  llvm::Value* indices(llvm::Value* words, llvm::Value* step, int used) override;
  llvm::FixedVectorType* sums_type() const override { return shorts_; }
  llvm::Value* add(llvm::Value* sum, llvm::Value* found) override {
    llvm::Function* pairs =
        llvm::Intrinsic::getDeclaration(&module_, llvm::Intrinsic::aarch64_neon_uaddlp, {shorts_, bytes_});
    return b_.CreateAdd(sum, b_.CreateCall(pairs, {found}));
  }
  int64_t most_steps() const override { return steps_in_16; }
  void begin(const Variant& variant, bool overflows) override;
  void widen(const Variant& variant, const Sums& sums) override;
  Sums results(llvm::Function* f, const Variant& variant, const Sums& sums) override;
  // What the sums of a pixel's outputs are, of what digits sum to.
  virtual llvm::Value* result(llvm::Value* sum, llvm::Function* f, int pixel) = 0;

  // Every other number of two vectors, from the first or the second on.
  llvm::Value* every_other(llvm::Value* a, llvm::Value* b, int first) {
    const int lanes = static_cast<int>(llvm::cast<llvm::FixedVectorType>(a->getType())->getNumElements());
    std::vector<int> chosen;
    for (int i = 0; i < lanes; ++i)
      chosen.push_back(2 * i + first);
    return b_.CreateShuffleVector(a, b, chosen);
  }

  llvm::FixedVectorType* const shorts_;

private:
  llvm::Value* wide(const Variant& variant, int pixel, int vector) { // of 32 bits, in memory
    return b_.CreateGEP(ints_, wide_, number(int64_t{1} * pixel * variant.vectors + vector));
  }
  llvm::Value* sum_of(const Variant& variant, const Sums& sums, int pixel, int vector); // in 32 bits

  llvm::Value* wide_ = nullptr; // while build_sums() runs; null: 16 bits are enough
};

class NeonShorts final : public NeonDigits {
public:
  static constexpr NeonFormat format{8, 2, 8, 0};

  NeonShorts(Code& code, const Work& work) : NeonDigits(code, work, format) {}

protected:
  void store_tables(llvm::Value* spikes, const Spikes& others, llvm::Value* place, int count) override;
  void store_zeros(llvm::Value* place, int columns) override;
  llvm::Value* result(llvm::Value* sum, llvm::Function* f, int) override {
    llvm::Value* taps = b_.CreateMul(f->getArg(3), f->getArg(4));
    return b_.CreateSub(sum, b_.CreateVectorSplat(8, b_.CreateTrunc(times(taps, 2 * lift * steps()), i32_)));
  }
};

class NeonInts final : public NeonDigits {
public:
  static constexpr NeonFormat format{8, 3, 8, 16}; // after a pixel's tables, the sum of its sizes

  NeonInts(Code& code, const Work& work) : NeonDigits(code, work, format) {}

protected:
  void begin_rows() override { pixel_size_ = b_.CreateAlloca(ints_); }
  void begin_pixel() override { b_.CreateStore(llvm::Constant::getNullValue(ints_), pixel_size_); }
  void end_pixel(llvm::Value* pixel) override {
    store(b_.CreateAddReduce(b_.CreateLoad(ints_, pixel_size_)), size_at(pixel));
  }
  void store_tables(llvm::Value* spikes, const Spikes& others, llvm::Value* place, int count) override;
  void begin(const Variant& variant, bool overflows) override {
    NeonDigits::begin(variant, overflows);
    sizes_.clear();
    for (int p = 0; p < variant.pixels; ++p)
      sizes_.push_back(cleared(i32_));
  }
  void begin_tap(llvm::Value* tables, const Variant& variant) override {
    for (int p = 0; p < variant.pixels; ++p) {
      llvm::Value* sum = sizes_[static_cast<size_t>(p)];
      llvm::Value* size = load(i32_, size_at(bytes_on(tables, p * pixel_step(variant))));
      b_.CreateStore(b_.CreateAdd(b_.CreateLoad(i32_, sum), size), sum);
    }
  }
  llvm::Value* result(llvm::Value* sum, llvm::Function*, int pixel) override { // 2 t less the sizes
    llvm::Value* size = b_.CreateLoad(i32_, sizes_[static_cast<size_t>(pixel)]);
    return b_.CreateSub(b_.CreateAdd(sum, sum), b_.CreateVectorSplat(8, size));
  }

private:
  llvm::Value* size_at(llvm::Value* pixel) { return bytes_on(pixel, steps() * format.step_bytes()); }

  llvm::Value* pixel_size_ = nullptr; // while build_rows() runs
  std::vector<llvm::Value*> sizes_;   // while build_sums() runs, of each pixel
};

} // namespace

void NeonShorts::store_tables(llvm::Value* spikes, const Spikes&, llvm::Value* place, int) {
  llvm::Value* negative = b_.CreateNeg(spikes);
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
    store(every_other(minus, plus, 0), bytes_on(place, 16 * group), 16);
    store(every_other(minus, plus, 1), bytes_on(place, 32 + 16 * group), 16);
  }
}

// Sums of silent groups are `lift`.
void NeonShorts::store_zeros(llvm::Value* place, int columns) {
  loop(number(0), number(columns * steps()), [&](llvm::Value* step) {
    llvm::Value* tables = bytes_on(place, times(step, format.step_bytes()));
    for (int i = 0; i < 4; ++i)
      store(b_.CreateVectorSplat(16, b_.getInt8(i < 2 ? 0 : lift >> 8)), bytes_on(tables, 16 * i), 16);
  });
}

void NeonInts::store_tables(llvm::Value* spikes, const Spikes&, llvm::Value* place, int) {
  llvm::Value* positive =
      b_.CreateBinaryIntrinsic(llvm::Intrinsic::smax, spikes, llvm::ConstantAggregateZero::get(spikes->getType()));
  llvm::Value* negative = b_.CreateSub(positive, spikes);
  llvm::Value* size = b_.CreateAdd(positive, negative);
  b_.CreateStore(b_.CreateAdd(b_.CreateLoad(ints_, pixel_size_), size), pixel_size_);
  for (int group = 0; group < 2; ++group) {
    auto pair = [&](int first) { // the four sums of two channels
      auto part = [&](int channel, int bit) {
        std::vector<int> lanes;
        for (int i = 0; i < 4; ++i)
          lanes.push_back(4 * group + channel + (((i >> bit) & 1) != 0 ? 0 : 8));
        return b_.CreateShuffleVector(positive, negative, lanes);
      };
      llvm::Value* second = part(first + 1, 1);
      return b_.CreateAdd(part(first, 0), second);
    };
    llvm::Value *low = pair(0), *high = pair(2);
    std::vector<llvm::Value*> sums; // 16, four in a vector
    for (int k = 0; k < 4; ++k)
      sums.push_back(
          b_.CreateBitCast(b_.CreateAdd(low, b_.CreateShuffleVector(high, high, std::vector<int>(4, k))), shorts_));
    auto halves = [&](size_t first, int which) {
      return b_.CreateBitCast(every_other(sums[first], sums[first + 1], which), bytes_);
    };
    llvm::Value *low_first = halves(0, 0), *low_second = halves(2, 0);
    llvm::Value *high_first = halves(0, 1), *high_second = halves(2, 1);
    store(every_other(low_first, low_second, 0), bytes_on(place, 16 * group), 16);
    store(every_other(low_first, low_second, 1), bytes_on(place, 32 + 16 * group), 16);
    store(every_other(high_first, high_second, 0), bytes_on(place, 64 + 16 * group), 16);
  }
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

void NeonDigits::begin(const Variant& variant, bool overflows) {
  wide_ = nullptr;
  if (!overflows)
    return;
  const int count = variant.pixels * variant.vectors;
  wide_ = unknown(b_.CreateAlloca(ints_, b_.getInt32(static_cast<uint32_t>(count)))); // kept in memory
  for (int i = 0; i < count; ++i)
    b_.CreateStore(llvm::Constant::getNullValue(ints_), b_.CreateGEP(ints_, wide_, number(i)));
}

llvm::Value* NeonDigits::sum_of(const Variant& variant, const Sums& sums, int pixel, int vector) {
  llvm::Value* sum = wide_ == nullptr ? nullptr : b_.CreateLoad(ints_, wide(variant, pixel, vector));
  for (int digit = 0; digit < format_.tables; ++digit) {
    llvm::Value* term = b_.CreateZExt(b_.CreateLoad(shorts_, sums[place(variant, pixel, digit, vector)]), ints_);
    term = b_.CreateShl(term, static_cast<uint64_t>(8 * digit));
    sum = sum == nullptr ? term : b_.CreateAdd(sum, term);
  }
  return sum;
}

void NeonDigits::widen(const Variant& variant, const Sums& sums) {
  for (int p = 0; p < variant.pixels; ++p)
    for (int v = 0; v < variant.vectors; ++v)
      b_.CreateStore(sum_of(variant, sums, p, v), wide(variant, p, v));
  for (llvm::Value* sum : sums)
    b_.CreateStore(llvm::Constant::getNullValue(shorts_), sum);
}

Neon::Sums NeonDigits::results(llvm::Function* f, const Variant& variant, const Sums& sums) {
  Sums results;
  for (int p = 0; p < variant.pixels; ++p)
    for (int v = 0; v < variant.vectors; ++v)
      results.push_back(result(sum_of(variant, sums, p, v), f, p));
  return results;
}

std::unique_ptr<Scheme> neon_digits(const Shape& shape) {
  if (shape.spikes == ir::Element::i16)
    return std::make_unique<NeonScheme<NeonShorts>>(shape);
  return std::make_unique<NeonScheme<NeonInts>>(shape);
}

} // namespace rvb::layerkernels
