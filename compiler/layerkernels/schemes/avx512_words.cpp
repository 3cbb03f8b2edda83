// Spikes of 16 bits on registers of 32 of them: a table has the 32 signed sums of five spikes, and a lookup finds those
// of 32 outputs at once, 160 synapses in two instructions. Spikes are at most 1023 in size, so that the sum of a word's
// 32 channels stays below 2^15; then it is widened to 32 bits.
//
// A lane of 32 bits holds the bits of two outputs, 16 channels of each: of the first vector of 16 in its lower half, of
// the second in its upper half. That is three groups of five channels, and the sixteenth. A word's tables, in the order
// they lie in:
//   0 to 4, 5 to 9, 10 to 14; 16 to 20, 21 to 25, 26 to 30; 15 and 31
//
// Widening takes three instructions for 32 outputs. A word's first table has 2^15 more in its numbers (`lift`), so that
// no sum of 16 bits is negative. Then a lane of 32 bits, low + 2^16 high, is added as it is, and `high` apart; what the
// low halves sum to is the first less 2^16 times the second, and what was lifted is known from the number of taps.
//
// Measured on Zen 5, G synapses a second, sums alone: tables of four, loaded into both halves of a register, 475 to 600
// (such a load takes the unit of a lookup); stored twice instead 524 to 683; tables of five 575 to 721.
#include "layerkernels/schemes/avx512.h"
#include "layerkernels/schemes/dense.h"

#include <llvm/IR/IntrinsicsX86.h>

#include <algorithm>

namespace rvb::layerkernels {

namespace {

constexpr int word_tables = 7;
constexpr int lift = 1 << 15;

// Which of a word's tables have spikes when it has this many channels.
bool has_table(int table, int channels) {
  return channels > (table == 6 ? 15 : table / 3 * 16 + table % 3 * 5);
}

class Avx512Words final : public Dense {
public:
  Avx512Words(Code& code, const Work& work)
      : Dense(code, work, {work.shape.words() * word_tables * int64_t{64}, word_tables * int64_t{64}}),
        table_(llvm::FixedVectorType::get(code.i16, 32)),
        permute_(llvm::Intrinsic::getDeclaration(&code.module, llvm::Intrinsic::x86_avx512_permvar_hi_512)) {}

protected:
  int chunk_channels() const override { return 32; }
  void store_tables(llvm::Value* spikes, const Spikes& others, llvm::Value* place, int count) override {
    store_word({spikes, others(lanes_)}, place, count);
  }
  void store_zeros(llvm::Value* place, int columns) override;
  llvm::Function* build_sums(const Variant& variant) override;

private:
  // Of two vectors of outputs, in memory: see above.
  struct Sums {
    llvm::Value *both, *high;
  };
  void store_word(const std::array<llvm::Value*, 2>& spikes, llvm::Value* place, int channels);
  llvm::Value* chosen(llvm::Value* from, const std::function<int(int)>& lane);
  llvm::Value* half_of(llvm::Value* bits, const Variant& variant, int d, int h);
  void add_word(llvm::Value* tables, llvm::Value* bits, int channels, const Variant& variant,
                const std::vector<Sums>& wide);

  llvm::FixedVectorType* table_;
  llvm::Function* permute_;
};

} // namespace

// A permutation. LLVM would make two or three instructions of most of them, because it knows them.
llvm::Value* Avx512Words::chosen(llvm::Value* from, const std::function<int(int)>& lane) {
  std::vector<llvm::Constant*> lanes;
  for (int i = 0; i < 32; ++i)
    lanes.push_back(b_.getInt16(static_cast<uint16_t>(lane(i))));
  return b_.CreateCall(permute_, {from, unknown(llvm::ConstantVector::get(lanes))});
}

// `spikes`: the word's first and second half, 0 after its last channel.
void Avx512Words::store_word(const std::array<llvm::Value*, 2>& spikes, llvm::Value* place, int channels) {
  // A channel of `both`, which has the negatives 16 lanes on, under the sign that a bit of the entry says.
  auto with_sign = [](int channel, int entry, int bit) { return channel + (((entry >> bit) & 1) != 0 ? 0 : 16); };
  std::vector<int> joined;
  for (int i = 0; i < 32; ++i)
    joined.push_back(i);
  llvm::Value* last = nullptr; // channels 15 and 31
  for (int h = 0; h < 2; ++h) {
    if (!has_table(3 * h, channels))
      break;
    llvm::Value* half = spikes[static_cast<size_t>(h)];
    llvm::Value* both = b_.CreateShuffleVector(half, b_.CreateNeg(half), joined);
    // Eight lanes a table: the four sums of its first pair, of its second.
    auto of_pair = [&](int second) {
      return chosen(both, [&](int i) { return i < 24 ? with_sign(i / 8 * 5 + i % 8 / 4 * 2 + second, i, second) : 0; });
    };
    llvm::Value* pairs = b_.CreateAdd(of_pair(0), of_pair(1));
    for (int t = 0; t < 3 && has_table(3 * h + t, channels); ++t) {
      llvm::Value* sums = b_.CreateAdd(chosen(pairs, [&](int i) { return 8 * t + (i & 3); }),
                                       chosen(pairs, [&](int i) { return 8 * t + 4 + (i >> 2 & 3); }));
      sums = b_.CreateAdd(sums, chosen(both, [&](int i) { return with_sign(5 * t + 4, i, 4); }));
      if (h == 0 && t == 0)
        sums = b_.CreateAdd(sums, b_.CreateVectorSplat(32, b_.getInt16(lift)));
      store(sums, bytes_on(place, (3 * h + t) * table_bytes()), 64);
    }
    llvm::Value* sixteenth = chosen(both, [&](int i) { return with_sign(15, i, h); });
    last = last == nullptr ? sixteenth : b_.CreateAdd(last, sixteenth);
  }
  if (has_table(6, channels))
    store(last, bytes_on(place, 6 * table_bytes()), 64);
}

// Pixels without spikes, outside of an image.
void Avx512Words::store_zeros(llvm::Value* place, int columns) {
  loop(number(0), number(int64_t{1} * columns * shape_.words()), [&](llvm::Value* i) {
    llvm::Value* word = bytes_on(place, times(i, word_tables * table_bytes()));
    b_.CreateMemSet(word, b_.getInt8(0), number(word_tables * table_bytes()), llvm::MaybeAlign(64));
    store(b_.CreateVectorSplat(32, b_.getInt16(lift)), word, 64);
  });
}

// Half h of the words of 32 outputs.
llvm::Value* Avx512Words::half_of(llvm::Value* bits, const Variant& variant, int d, int h) {
  auto word = [&](int v) -> llvm::Value* {
    if (v >= variant.vectors)
      return llvm::ConstantAggregateZero::get(ints_);
    return load_lanes(i32_, bytes_on(bits, int64_t{4} * v * lanes_), lanes_of(variant, v));
  };
  llvm::Value *first = word(2 * d), *second = word(2 * d + 1);
  llvm::Value* half = nullptr;
  if (h == 0)
    half = b_.CreateOr(b_.CreateAnd(first, b_.CreateVectorSplat(16, b_.getInt32(0xffff))), b_.CreateShl(second, 16));
  else
    half =
        b_.CreateOr(b_.CreateLShr(first, 16), b_.CreateAnd(second, b_.CreateVectorSplat(16, b_.getInt32(0xffff0000))));
  return b_.CreateBitCast(half, table_);
}

// What a word of a tap adds to the sums of all pixels and outputs.
void Avx512Words::add_word(llvm::Value* tables, llvm::Value* bits, int channels, const Variant& variant,
                           const std::vector<Sums>& wide) {
  const int pixels = variant.pixels, doubles = (variant.vectors + 1) / 2;
  std::vector<llvm::Value*> sums(static_cast<size_t>(pixels * doubles), nullptr);
  std::vector<llvm::Value*> indices(static_cast<size_t>(doubles)), last(static_cast<size_t>(doubles));
  for (int t = 0; t < word_tables; ++t) {
    if (!has_table(t, channels))
      continue;
    for (int d = 0; d < doubles; ++d) {
      llvm::Value *&index = indices[static_cast<size_t>(d)], *&sixteenth = last[static_cast<size_t>(d)];
      if (t == 6) {
        index = sixteenth;
      } else if (t % 3 != 0) {
        index = b_.CreateLShr(index, 5);
      } else {
        index = half_of(bits, variant, d, t / 3);
        llvm::Value* bit = b_.CreateAnd(index, b_.CreateVectorSplat(32, b_.getInt16(1 << 15)));
        sixteenth = t == 0 ? b_.CreateLShr(bit, 15) : b_.CreateOr(sixteenth, b_.CreateLShr(bit, 14));
      }
    }
    for (int p = 0; p < pixels; ++p) {
      llvm::Value* table = load(table_, bytes_on(tables, p * pixel_step(variant) + t * table_bytes()), 64);
      for (int d = 0; d < doubles; ++d) {
        llvm::Value*& sum = sums[static_cast<size_t>(p * doubles + d)];
        llvm::Value* looked_up = b_.CreateCall(permute_, {table, indices[static_cast<size_t>(d)]});
        sum = sum == nullptr ? looked_up : b_.CreateAdd(sum, looked_up);
      }
    }
  }
  auto add_to = [&](llvm::Value* place, llvm::Value* term) {
    b_.CreateStore(b_.CreateAdd(b_.CreateLoad(ints_, place), term), place);
  };
  for (size_t i = 0; i < sums.size(); ++i) {
    llvm::Value* both = b_.CreateBitCast(sums[i], ints_);
    add_to(wide[i].both, both);
    add_to(wide[i].high, b_.CreateLShr(both, 16));
  }
}

llvm::Function* Avx512Words::build_sums(const Variant& variant) {
  llvm::Function* f = begin_sums(variant);
  const int pixels = variant.pixels, doubles = (variant.vectors + 1) / 2;
  std::vector<Sums> wide;
  llvm::Value* memory =
      unknown(b_.CreateAlloca(ints_, b_.getInt32(static_cast<uint32_t>(2 * pixels * doubles)))); // kept in memory
  for (int i = 0; i < pixels * doubles; ++i) {
    wide.push_back({b_.CreateGEP(ints_, memory, number(2 * i)), b_.CreateGEP(ints_, memory, number(2 * i + 1))});
    b_.CreateStore(llvm::ConstantAggregateZero::get(ints_), wide.back().both);
    b_.CreateStore(llvm::ConstantAggregateZero::get(ints_), wide.back().high);
  }
  each_word(f, [&](llvm::Value* tables, llvm::Value* bits, int channels) {
    add_word(tables, bits, channels, variant, wide);
  });

  llvm::Value* taps = b_.CreateMul(f->getArg(3), f->getArg(4));
  llvm::Value* lifted = b_.CreateVectorSplat(16, b_.CreateTrunc(times(taps, int64_t{lift} * shape_.words()), i32_));
  std::vector<llvm::Value*> results;
  for (int p = 0; p < pixels; ++p)
    for (int v = 0; v < variant.vectors; ++v) {
      const Sums& s = wide[static_cast<size_t>(p * doubles + v / 2)];
      llvm::Value* sum = b_.CreateLoad(ints_, s.high);
      if (v % 2 == 0)
        sum = b_.CreateSub(b_.CreateLoad(ints_, s.both), b_.CreateShl(sum, 16));
      results.push_back(b_.CreateSub(sum, lifted));
    }
  store_sums(f, variant, results);
  return f;
}

namespace {

class WordScheme final : public Scheme {
public:
  explicit WordScheme(const Shape& shape) : Scheme(shape, 16) {}

  // Pixels share the indices, outputs the tables, and sums in 32 bits stand in the L1 cache, so larger is faster. G
  // synapses a second of the convolutions of scheme.cpp, Zen 5: 8 x 4 600 to 750, 4 x 8 580 to 820, 6 x 4 570 to 750,
  // 4 x 4 560 to 720.
  Block block(int results, int vectors) const override {
    const int pixels = shared_evenly(results);
    return {pixels, std::min(pixels > 4 ? 4 : 8, vectors)};
  }
  int64_t row_bytes() const override { return table_bytes() * word_tables * shape_.words() * shape_.width; }
  double break_even(int vectors) const override { return events_break_even(0.42, vectors); }
  std::unique_ptr<Synapses> synapses(Code& code, const Work& work) const override {
    return std::make_unique<Avx512Words>(code, work);
  }
};

} // namespace

std::unique_ptr<Scheme> avx512_words(const Shape& shape) {
  return std::make_unique<WordScheme>(shape);
}

} // namespace rvb::layerkernels
