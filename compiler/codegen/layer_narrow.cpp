// Sums of 16-bit spikes: tables of 16 numbers of 16 bits, lookups for 32 outputs at once (128 synapses in two
// instructions), sums of eight lookups in 16 bits, then widened to 32 bits. Spikes are at most 1023 in size, so that
// eight lookups of four spikes stay below 2^15: no sum can overflow.
//
// A lane of 32 bits holds the bits of two outputs: of the first vector of 16 in its lower half, of the second in its
// upper half. A lookup reads the five lowest bits of an index; the fifth is the next group's, and so the table stands
// twice in its register.
#include "codegen/layer_builder.h"

#include <llvm/IR/IntrinsicsX86.h>

namespace rvb::codegen {

llvm::Function* LayerBuilder::build_narrow_sums(const Variant& variant) {
  llvm::Function* f = begin_sums(variant);
  const int pixels = variant.pixels, vectors = variant.vectors, doubles = (vectors + 1) / 2;
  const int64_t pixel_step = variant.across ? image_bytes() : shape_.stride_x * pixel_bytes();
  auto lanes_of = [&](int v) { return variant.ends && v == vectors - 1 ? last_lanes() : lanes_; };
  auto* shorts = llvm::FixedVectorType::get(i16_, 32);
  std::vector<llvm::Value*> accumulators;
  for (int i = 0; i < pixels * vectors; ++i) {
    accumulators.push_back(b_.CreateAlloca(ints_));
    b_.CreateStore(llvm::ConstantAggregateZero::get(ints_), accumulators.back());
  }
  llvm::Function* permute = llvm::Intrinsic::getDeclaration(&module_, llvm::Intrinsic::x86_avx512_permvar_hi_512);
  std::vector<int> twice;
  for (int i = 0; i < 32; ++i)
    twice.push_back(i % 16);

  each_word(f, [&](llvm::Value* tables, llvm::Value* bits, int groups) {
    // Channels 0 to 15 and 16 to 31 of 32 outputs.
    std::vector<llvm::Value*> halves[2];
    for (int d = 0; d < doubles; ++d) {
      auto word = [&](int v) -> llvm::Value* {
        if (v >= vectors)
          return llvm::ConstantAggregateZero::get(ints_);
        return load_lanes(i32_, bytes_on(bits, int64_t{4} * v * lanes_), lanes_of(v));
      };
      llvm::Value *first = word(2 * d), *second = word(2 * d + 1);
      llvm::Value* low = b_.CreateVectorSplat(16, b_.getInt32(0xffff));
      llvm::Value* high = b_.CreateVectorSplat(16, b_.getInt32(0xffff0000));
      halves[0].push_back(b_.CreateBitCast(b_.CreateOr(b_.CreateAnd(first, low), b_.CreateShl(second, 16)), shorts));
      halves[1].push_back(b_.CreateBitCast(b_.CreateOr(b_.CreateLShr(first, 16), b_.CreateAnd(second, high)), shorts));
    }
    std::vector<llvm::Value*> sums(static_cast<size_t>(pixels * doubles), nullptr);
    for (int g = 0; g < groups; ++g) {
      std::vector<llvm::Value*>& indices = halves[g / 4];
      for (int p = 0; p < pixels; ++p) {
        llvm::Value* half = load(table_, bytes_on(tables, p * pixel_step + g * table_bytes()), 32);
        llvm::Value* table = b_.CreateShuffleVector(half, half, twice);
        for (int d = 0; d < doubles; ++d) {
          llvm::Value*& sum = sums[static_cast<size_t>(p * doubles + d)];
          llvm::Value* looked_up = b_.CreateCall(permute, {table, indices[static_cast<size_t>(d)]});
          sum = sum == nullptr ? looked_up : b_.CreateAdd(sum, looked_up);
        }
      }
      if (g % 4 != 3)
        for (llvm::Value*& index : indices)
          index = b_.CreateLShr(index, 4);
    }
    for (int p = 0; p < pixels; ++p)
      for (int v = 0; v < vectors; ++v) {
        llvm::Value* both = b_.CreateBitCast(sums[static_cast<size_t>(p * doubles + v / 2)], ints_);
        llvm::Value* wide = b_.CreateAShr(v % 2 == 0 ? b_.CreateShl(both, 16) : both, 16);
        llvm::Value* place = accumulators[static_cast<size_t>(p * vectors + v)];
        b_.CreateStore(b_.CreateAdd(b_.CreateLoad(ints_, place), wide), place);
      }
  });
  store_sums(f, variant, accumulators);
  return f;
}

} // namespace rvb::codegen
