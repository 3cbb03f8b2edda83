// Sums of 16-bit spikes where registers hold 32 bytes (AVX2). The lookup there is vpshufb: 32 outputs' entries of a
// table of 16 bytes at once. Spikes are at most 1023 in size, so a signed sum f of four needs 13 bits. What is looked
// up is the unsigned t = (f + |a| + |b| + |c| + |d|) / 2, the sum of max(x, 0) where the sign is + and of max(-x, 0)
// where it is -: 12 bits, two digits of 6, each with a table of its own. The sum of all f is twice the sum of all t,
// less the sum of all |x|, which is made once a pixel and added once a tap.
//
// A digit is at most 63, so four lookups are added as bytes (252). They are then added, as numbers of 16 bits, to two
// sums a digit: `whole`, even byte + 256 * odd byte modulo 2^16, and `odd`, the odd byte by its own; the even one is
// whole - 256 * odd. Sixteen bits hold 260 such additions, 4160 synapses an output; then they go to sums of 32 bits.
//
// Vector instructions for 128 synapses (32 outputs), and what P pixels share for their indices:
//   this: 2 lookups, 1.5 additions, 6 / 4 to widen = 5, and 3 / P
//   8 entries of 16 bits, two bytes an index, fourth spike by its sign: 2 lookups, 2 signs, 2 additions, 0.5 to widen
//     = 6.5, and 12 / P for byte pairs and signs
//   8 entries of 16 bits, groups of three spikes, no sign: 2.75 lookups, 2.75 additions, 0.5 to widen = 6, and 10 / P
//   16 entries, two bytes of 16 bits unpacked at every lookup: 4 shuffles, 2 additions, 0.5 = 6.5, and 3 / P
// AMD's cores have four vector pipes, two of them shuffle: at most 4 * 128 / 5 = 102 synapses a cycle, where they
// multiply-add 16. Intel's before Ice Lake shuffle on one of three: 64 a cycle, no order above has more.
#include "layerkernels/schemes/avx2.h"
#include "layerkernels/schemes/dense.h"

#include <llvm/IR/IntrinsicsX86.h>

#include <algorithm>
#include <array>

namespace rvb::layerkernels {

namespace {

constexpr uint64_t digit_bits = 6;
constexpr int quad = 4;                  // groups whose digits are added as bytes
constexpr int block = 4;                 // vectors of 8 outputs that a lookup serves
constexpr int64_t pair_bytes = 64;       // two groups: low digits of both, high digits of both
constexpr int64_t additions_in_16 = 260; // 65535 / (4 * 63)

// The 4 x 4 numbers of 32 bits that stand in the same halves of four registers, transposed.
std::array<llvm::Value*, 4> transposed(llvm::IRBuilder<>& b, const std::array<llvm::Value*, 4>& rows) {
  const std::vector<int> low{0, 8, 1, 9, 4, 12, 5, 13}, high{2, 10, 3, 11, 6, 14, 7, 15};
  const std::vector<int> first{0, 1, 8, 9, 4, 5, 12, 13}, second{2, 3, 10, 11, 6, 7, 14, 15};
  llvm::Value* low_01 = b.CreateShuffleVector(rows[0], rows[1], low);
  llvm::Value* low_23 = b.CreateShuffleVector(rows[2], rows[3], low);
  llvm::Value* high_01 = b.CreateShuffleVector(rows[0], rows[1], high);
  llvm::Value* high_23 = b.CreateShuffleVector(rows[2], rows[3], high);
  return {b.CreateShuffleVector(low_01, low_23, first), b.CreateShuffleVector(low_01, low_23, second),
          b.CreateShuffleVector(high_01, high_23, first), b.CreateShuffleVector(high_01, high_23, second)};
}

class Avx2Bytes final : public Dense {
public:
  Avx2Bytes(Code& code, const Work& work)
      : Dense(code, work, {sizes_at(work.shape) + 32, int64_t{8} * 32}),
        bytes_(llvm::FixedVectorType::get(code.i8, 32)), shorts_(llvm::FixedVectorType::get(code.i16, 16)) {}

protected:
  void begin_rows() override { pixel_size_ = b_.CreateAlloca(ints_); }
  void begin_pixel() override { b_.CreateStore(llvm::ConstantAggregateZero::get(ints_), pixel_size_); }
  void end_pixel(llvm::Value* place) override {
    store(b_.CreateAddReduce(b_.CreateLoad(ints_, pixel_size_)), bytes_on(place, sizes_at(shape_)));
  }
  void store_tables(llvm::Value* spikes, const Spikes& others, llvm::Value* place, int count) override;
  llvm::Function* build_sums(const Variant& variant) override;

private:
  // Of a pixel and a block: per digit the sums in 16 bits; then sums in 32 bits. A register's byte 16 h + 4 v + j is
  // output 8 v + 4 h + j; wide[j] holds these of all v and h. They are in memory, for there are more than registers; so
  // code is made for one pixel, and loops over them: eight times as much was no faster.
  struct Sums {
    llvm::Value *whole[2], *odd[2];
    std::array<llvm::Value*, 4> wide;
  };
  struct Building { // one variant
    Variant variant;
    int blocks;
    llvm::Value *sums, *sizes, *additions; // additions: since the sums of 16 bits were widened; null: never too many
  };
  using Weights = std::vector<std::array<llvm::Value*, 4>>; // byte k of the words of a block's outputs

  static int64_t sizes_at(const Shape& shape) { return (shape.groups() + 1) / 2 * 2 * int64_t{32}; } // of a pixel
  bool overflows() const;
  llvm::Value* cleared(llvm::Type* type);
  void add_to(llvm::Value* place, llvm::Value* term);
  Sums sums_at(const Building& now, llvm::Value* place); // place: pixel * blocks + block
  llvm::Value* size_at(const Building& now, llvm::Value* pixel);
  void each_pixel(const Building& now, const std::function<void(llvm::Value*)>& body) {
    loop(number(0), number(now.variant.pixels), body);
  }
  void widen(const Building& now);
  Weights weights(const Building& now, llvm::Value* bits);
  llvm::Value* index(const Weights& weights, int b, int group);
  void add_groups(const Building& now, llvm::Value* tables, const Weights& weights, int first, int last);
  void add_word(const Building& now, llvm::Value* tables, llvm::Value* bits, int channels);
  std::vector<llvm::Value*> results(const Building& now);

  llvm::FixedVectorType *bytes_, *shorts_;
  llvm::Value* pixel_size_ = nullptr; // while build_rows() runs
};

} // namespace

// Tables of the two groups of 8 channels; the channels' sizes are added to the pixel's size.
void Avx2Bytes::store_tables(llvm::Value* spikes, const Spikes&, llvm::Value* place, int) {
  llvm::Value* positive =
      b_.CreateBinaryIntrinsic(llvm::Intrinsic::smax, spikes, llvm::ConstantAggregateZero::get(spikes->getType()));
  llvm::Value* negative = b_.CreateSub(positive, spikes);
  llvm::Value* size = b_.CreateZExt(b_.CreateAdd(positive, negative), ints_);
  b_.CreateStore(b_.CreateAdd(b_.CreateLoad(ints_, pixel_size_), size), pixel_size_);
  // Each group in a half of the register: positive and negative part of each of its channels.
  std::vector<int> interleaved;
  for (int i = 0; i < 16; ++i)
    interleaved.push_back(i / 2 + i % 2 * 8);
  llvm::Value* parts = b_.CreateShuffleVector(positive, negative, interleaved);
  auto part = [&](int channel, const std::function<bool(int)>& plus) { // of the eight entries of both groups
    std::vector<int> lanes;
    for (int i = 0; i < 16; ++i)
      lanes.push_back(i / 8 * 8 + 2 * channel + (plus(i % 8) ? 0 : 1));
    return b_.CreateShuffleVector(parts, parts, lanes);
  };
  auto by_bit = [&](int bit) { return part(bit, [bit](int entry) { return ((entry >> bit) & 1) != 0; }); };
  llvm::Value* three = b_.CreateAdd(b_.CreateAdd(by_bit(0), by_bit(1)), by_bit(2));
  llvm::Value* entries[2] = {b_.CreateAdd(three, part(3, [](int) { return false; })),
                             b_.CreateAdd(three, part(3, [](int) { return true; }))};
  llvm::Function* pack = llvm::Intrinsic::getDeclaration(&module_, llvm::Intrinsic::x86_avx2_packuswb);
  llvm::Value* mask = b_.CreateVectorSplat(16, b_.getInt16((1 << digit_bits) - 1));
  store(b_.CreateCall(pack, {b_.CreateAnd(entries[0], mask), b_.CreateAnd(entries[1], mask)}), place, 32);
  store(b_.CreateCall(pack, {b_.CreateLShr(entries[0], digit_bits), b_.CreateLShr(entries[1], digit_bits)}),
        bytes_on(place, pair_bytes / 2), 32);
}

llvm::Value* Avx2Bytes::cleared(llvm::Type* type) {
  llvm::AllocaInst* place = b_.CreateAlloca(type);
  b_.CreateMemSet(place, b_.getInt8(0), llvm::ConstantExpr::getSizeOf(type), place->getAlign());
  return place;
}

void Avx2Bytes::add_to(llvm::Value* place, llvm::Value* term) {
  b_.CreateStore(b_.CreateAdd(b_.CreateLoad(term->getType(), place), term), place);
}

Avx2Bytes::Sums Avx2Bytes::sums_at(const Building& now, llvm::Value* place) {
  auto field = [&](unsigned which, unsigned i) {
    return b_.CreateGEP(now.sums->getType()->getPointerElementType(), now.sums,
                        {number(0), place, b_.getInt32(which), b_.getInt32(i)});
  };
  return Sums{
      {field(0, 0), field(0, 1)}, {field(1, 0), field(1, 1)}, {field(2, 0), field(2, 1), field(2, 2), field(2, 3)}};
}

llvm::Value* Avx2Bytes::size_at(const Building& now, llvm::Value* pixel) {
  return b_.CreateGEP(i32_, b_.CreatePointerCast(now.sizes, i32_->getPointerTo()), pixel);
}

// The sums of 16 bits go to those of 32, and begin anew.
void Avx2Bytes::widen(const Building& now) {
  llvm::Value* low = b_.CreateVectorSplat(8, b_.getInt32(0xffff));
  loop(number(0), number(int64_t{1} * now.variant.pixels * now.blocks), [&](llvm::Value* place) {
    const Sums s = sums_at(now, place);
    llvm::Value* numbers[2][2]; // even or odd bytes; digit
    for (int digit = 0; digit < 2; ++digit) {
      llvm::Value* odd = b_.CreateLoad(shorts_, s.odd[digit]);
      llvm::Value* even = b_.CreateSub(b_.CreateLoad(shorts_, s.whole[digit]), b_.CreateShl(odd, 8));
      numbers[0][digit] = b_.CreateBitCast(even, ints_);
      numbers[1][digit] = b_.CreateBitCast(odd, ints_);
      b_.CreateStore(llvm::Constant::getNullValue(shorts_), s.whole[digit]);
      b_.CreateStore(llvm::Constant::getNullValue(shorts_), s.odd[digit]);
    }
    for (int j = 0; j < 4; ++j) {
      auto half = [&](llvm::Value* n) { return j < 2 ? b_.CreateAnd(n, low) : b_.CreateLShr(n, 16); };
      add_to(s.wide[static_cast<size_t>(j)],
             b_.CreateAdd(half(numbers[j % 2][0]), b_.CreateShl(half(numbers[j % 2][1]), digit_bits)));
    }
  });
}

bool Avx2Bytes::overflows() const {
  int64_t taps = 0;
  for (const Phase& phase : shape_.phases)
    taps = std::max(taps, int64_t{1} * phase.taps_y * phase.taps_x);
  return 2 * taps * shape_.words() > additions_in_16;
}

Avx2Bytes::Weights Avx2Bytes::weights(const Building& now, llvm::Value* bits) {
  std::vector<int> bytes_together;
  for (int i = 0; i < 32; ++i)
    bytes_together.push_back(i / 16 * 16 + i % 4 * 4 + i % 16 / 4);
  Weights result;
  for (int k = 0; k < now.blocks; ++k) {
    std::array<llvm::Value*, 4> rows;
    for (int i = 0; i < block; ++i) {
      const int v = k * block + i;
      llvm::Value* row = v < now.variant.vectors
                             ? load_lanes(i32_, bytes_on(bits, int64_t{4} * v * lanes_), lanes_of(now.variant, v))
                             : llvm::Constant::getNullValue(ints_);
      row = b_.CreateBitCast(row, bytes_);
      rows[static_cast<size_t>(i)] = b_.CreateBitCast(b_.CreateShuffleVector(row, row, bytes_together), ints_);
    }
    result.push_back(transposed(b_, rows));
  }
  return result;
}

llvm::Value* Avx2Bytes::index(const Weights& weights, int b, int group) {
  llvm::Value* byte = weights[static_cast<size_t>(b)][static_cast<size_t>(group / 2)];
  if (group % 2 != 0)
    byte = b_.CreateLShr(byte, 4);
  return b_.CreateAnd(b_.CreateBitCast(byte, bytes_), b_.CreateVectorSplat(32, b_.getInt8(15)));
}

// What groups first to last - 1 of a word, at most four, add to all sums.
void Avx2Bytes::add_groups(const Building& now, llvm::Value* tables, const Weights& weights, int first, int last) {
  llvm::Function* look_up = llvm::Intrinsic::getDeclaration(&module_, llvm::Intrinsic::x86_avx2_pshuf_b);
  auto* table = llvm::FixedVectorType::get(i8_, 16);
  const int blocks = now.blocks;
  std::vector<int> both_halves;
  for (int i = 0; i < 32; ++i)
    both_halves.push_back(i % 16);
  std::vector<llvm::Value*> indices;
  for (int g = first; g < last; ++g)
    for (int k = 0; k < blocks; ++k)
      indices.push_back(index(weights, k, g));
  each_pixel(now, [&](llvm::Value* p) {
    llvm::Value* pixel_tables = bytes_on(tables, times(p, pixel_step(now.variant)));
    for (int digit = 0; digit < 2; ++digit) {
      std::vector<llvm::Value*> four(static_cast<size_t>(blocks), nullptr);
      for (int g = first; g < last; ++g) {
        llvm::Value* half =
            load(table, bytes_on(pixel_tables, g / 2 * pair_bytes + digit * pair_bytes / 2 + g % 2 * 16), 16);
        llvm::Value* entries = b_.CreateShuffleVector(half, half, both_halves);
        for (int k = 0; k < blocks; ++k) {
          llvm::Value*& sum = four[static_cast<size_t>(k)];
          llvm::Value* found =
              b_.CreateCall(look_up, {entries, indices[static_cast<size_t>((g - first) * blocks + k)]});
          sum = sum == nullptr ? found : b_.CreateAdd(sum, found);
        }
      }
      for (int k = 0; k < blocks; ++k) {
        const Sums s = sums_at(now, plus(times(p, blocks), k));
        llvm::Value* whole = b_.CreateBitCast(four[static_cast<size_t>(k)], shorts_);
        add_to(s.whole[digit], whole);
        add_to(s.odd[digit], b_.CreateLShr(whole, 8));
      }
    }
  });
}

void Avx2Bytes::add_word(const Building& now, llvm::Value* tables, llvm::Value* bits, int channels) {
  const int groups = (channels + 3) / 4;
  if (now.additions != nullptr) {
    when(b_.CreateICmpSGT(b_.CreateLoad(i64_, now.additions), number(additions_in_16 - 2)), [&] {
      widen(now);
      b_.CreateStore(number(0), now.additions);
    });
    add_to(now.additions, number(2));
  }
  const Weights of_outputs = weights(now, bits);
  for (int first = 0; first < groups; first += quad)
    add_groups(now, tables, of_outputs, first, std::min(groups, first + quad));
}

// Twice the sum of all t, less the sum of all sizes.
std::vector<llvm::Value*> Avx2Bytes::results(const Building& now) {
  std::vector<llvm::Value*> results;
  for (int p = 0; p < now.variant.pixels; ++p) {
    llvm::Value* size = b_.CreateVectorSplat(8, b_.CreateLoad(i32_, size_at(now, number(p))));
    for (int k = 0; k < now.blocks; ++k) {
      std::array<llvm::Value*, 4> rows = sums_at(now, number(int64_t{1} * p * now.blocks + k)).wide;
      for (llvm::Value*& row : rows) {
        llvm::Value* sum = b_.CreateLoad(ints_, row);
        row = b_.CreateSub(b_.CreateAdd(sum, sum), size);
      }
      rows = transposed(b_, rows);
      for (int i = 0; i < block && k * block + i < now.variant.vectors; ++i)
        results.push_back(rows[static_cast<size_t>(i)]);
    }
  }
  return results;
}

llvm::Function* Avx2Bytes::build_sums(const Variant& variant) {
  llvm::Function* f = begin_sums(variant);
  const int blocks = (variant.vectors + block - 1) / block;
  const auto pixels = static_cast<uint64_t>(variant.pixels);
  auto* wholes = llvm::ArrayType::get(shorts_, 2);
  auto* sums_type = llvm::StructType::get(context_, {wholes, wholes, llvm::ArrayType::get(ints_, 4)});
  Building now{variant, blocks, nullptr, nullptr, nullptr};
  now.sums = cleared(llvm::ArrayType::get(sums_type, pixels * static_cast<uint64_t>(blocks)));
  now.sizes = cleared(llvm::ArrayType::get(i32_, pixels));
  if (overflows())
    now.additions = cleared(i64_);
  each_word(
      f, [&](llvm::Value* tables, llvm::Value* bits, int channels) { add_word(now, tables, bits, channels); },
      [&](llvm::Value* tables) {
        each_pixel(now, [&](llvm::Value* p) {
          add_to(size_at(now, p), load(i32_, bytes_on(tables, plus(times(p, pixel_step(variant)), sizes_at(shape_)))));
        });
      });
  widen(now);
  store_sums(f, variant, results(now));
  return f;
}

namespace {

class ByteScheme final : public Scheme {
public:
  explicit ByteScheme(const Shape& shape) : Scheme(shape, 8) {}

  // Pixels share the indices, outputs the tables, and sums in 32 bits stand in the L1 cache, so larger is faster. G
  // synapses a second of the convolutions of scheme.cpp, Zen 4: 8 x 8 168 to 223, 4 x 8 161 to 222, 8 x 4 158 to 210,
  // 4 x 4 156 to 213, 2 x 8 149 to 198, 2 x 4 145 to 194; FMA 46.
  Block block(int results, int vectors) const override { return {shared_evenly(results), std::min(8, vectors)}; }
  // Zen 4: 76 to 80 %. These sums serve at least four vectors at once, so fewer gain nothing.
  double break_even(int) const override { return 0.8; }
  std::unique_ptr<Synapses> synapses(Code& code, const Work& work) const override {
    return std::make_unique<Avx2Bytes>(code, work);
  }
};

} // namespace

std::unique_ptr<Scheme> avx2_bytes(const Shape& shape) {
  return std::make_unique<ByteScheme>(shape);
}

} // namespace rvb::layerkernels
