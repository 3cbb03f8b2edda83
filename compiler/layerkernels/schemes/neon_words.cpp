// Real spikes: a table has the eight signed sums of three spikes, an index vector the bits of four outputs, each
// as the four bytes of a number: 4 i, 4 i + 1, 4 i + 2, 4 i + 3. A lookup and an addition are 12 synapses. Sixteen sums
// of four spikes, in four registers, would be 16 in the time of three to five lookups.
//
// Groups of three do not end with the words of 32 bits: the channels of a tap are counted through.
#include "layerkernels/numbers.h"
#include "layerkernels/schemes/neon.h"

#include <algorithm>

namespace rvb::layerkernels {

namespace {

class NeonWords final : public Neon {
public:
  static constexpr NeonFormat format{3, 1, 4, 0};

  NeonWords(Code& code, const Work& work) : Neon(code, work, format), numbers_(numbers_of(code, work)) {}

protected:
  int chunk_channels() const override { return 12; }
  llvm::Value* chunk_tables(llvm::Value* pixel, llvm::Value* channel) override {
    return bytes_on(pixel, times(b_.CreateExactUDiv(channel, number(format.channels)), format.step_bytes()));
  }
  void store_tables(llvm::Value* spikes, const Spikes& others, llvm::Value* place, int count) override;
  llvm::Value* indices(llvm::Value* words, llvm::Value* step, int used) override;
  llvm::FixedVectorType* sums_type() const override { return numbers_->vector(); }
  llvm::Value* add(llvm::Value* sum, llvm::Value* found) override {
    return numbers_->add(sum, b_.CreateBitCast(found, numbers_->vector()));
  }
  Sums results(llvm::Function*, const Variant&, const Sums& sums) override {
    Sums results;
    for (llvm::Value* sum : sums)
      results.push_back(b_.CreateLoad(numbers_->vector(), sum));
    return results;
  }

private:
  const std::unique_ptr<Numbers> numbers_;
};

} // namespace

// (±a ± b) - c, then (±a ± b) + c.
void NeonWords::store_tables(llvm::Value* spikes, const Spikes& others, llvm::Value* place, int count) {
  std::vector<llvm::Value*> vectors{spikes};
  for (int first = lanes_; first < count; first += lanes_)
    vectors.push_back(others(first));
  auto spike = [&](int channel) -> llvm::Value* { // in all lanes
    if (channel >= count)
      return llvm::Constant::getNullValue(numbers_->vector());
    llvm::Value* from = vectors[static_cast<size_t>(channel / lanes_)];
    return b_.CreateShuffleVector(from, from, std::vector<int>(4, channel % lanes_));
  };
  for (int first = 0; first < count; first += format.channels) {
    llvm::Value* second = numbers_->signed_by(spike(first + 1), numbers_->minus_lanes({true, true, false, false}));
    llvm::Value* one = numbers_->signed_by(spike(first), numbers_->minus_lanes({true, false, true, false}));
    llvm::Value *pair = numbers_->add(one, second), *third = spike(first + 2);
    llvm::Value* table = bytes_on(place, first / format.channels * format.step_bytes());
    store(numbers_->sub(pair, third), table, 16);
    store(numbers_->add(pair, third), bytes_on(table, 16), 16);
  }
}

llvm::Value* NeonWords::indices(llvm::Value* words, llvm::Value* step, int used) {
  llvm::Value* channel = times(step, format.channels);
  llvm::Value *word = b_.CreateLShr(channel, 5), *shift = b_.CreateTrunc(b_.CreateAnd(channel, 31), i32_);
  auto all = [&](llvm::Value* n) { return b_.CreateVectorSplat(4, n); };
  // The bits of the next word come after those of this one: two shifts, for there is none by 32.
  llvm::Value* next = word_at(words, smaller(plus(word, 1), number(shape_.words() - 1)), used);
  next = b_.CreateShl(b_.CreateShl(next, 1), all(b_.CreateXor(shift, 31)));
  llvm::Value* bits = b_.CreateOr(b_.CreateLShr(word_at(words, word, used), all(shift)), next);
  llvm::Value* entry = b_.CreateAnd(b_.CreateShl(bits, 2), all(b_.getInt32(7 << 2))); // 4 i, in the lowest byte
  std::vector<int> lowest;
  for (int i = 0; i < 16; ++i)
    lowest.push_back(i / 4 * 4);
  entry = b_.CreateBitCast(entry, bytes_);
  entry = b_.CreateBitCast(b_.CreateShuffleVector(entry, entry, lowest), ints_);
  return b_.CreateBitCast(b_.CreateOr(entry, all(b_.getInt32(0x03020100))), bytes_);
}

std::unique_ptr<Scheme> neon_words(const Shape& shape) {
  return std::make_unique<NeonScheme<NeonWords>>(shape);
}

} // namespace rvb::layerkernels
