// The inner loop: for every tap and every 32 channels, the words of the outputs' weights; for each of their eight
// groups of four bits, each pixel's table, and from it the sums of all outputs at once.
#include "codegen/layer_builder.h"

#include <llvm/IR/IntrinsicsX86.h>

namespace rvb::codegen {

llvm::Function* LayerBuilder::sums(const Variant& variant) {
  llvm::Function*& made = sums_[variant];
  if (made == nullptr) {
    llvm::IRBuilder<>::InsertPointGuard guard(b_);
    made = build_sums(variant);
  }
  return made;
}

// void sums(tables, bits, out, rows, columns, bits_row, bits_column, out_stride): `tables` is the first tap's of the
// first pixel, `bits` its weights'; `rows` and `columns` of taps are summed; weights of the next tap stand bits_row and
// bits_column bytes on; results of the next pixel out_stride bytes on.
llvm::Function* LayerBuilder::build_sums(const Variant& variant) {
  std::string name = "sums_" + std::to_string(variant.pixels) + "x" + std::to_string(variant.vectors) +
                     (variant.across ? "_across" : "") + (variant.ends ? "_end" : "");
  llvm::Function* f = function(name, {pointer_, pointer_, pointer_, i64_, i64_, i64_, i64_, i64_}, true);
  llvm::Value* tables = f->getArg(0);
  llvm::Value* bits = f->getArg(1);
  const int pixels = variant.pixels, vectors = variant.vectors;
  const int64_t pixel_step = variant.across ? image_bytes() : shape_.stride_x * pixel_bytes();
  const int64_t group_bytes = int64_t{1} * lanes_ * 4;
  auto lanes_of = [&](int v) { return variant.ends && v == vectors - 1 ? last_lanes() : lanes_; };

  std::vector<llvm::Value*> accumulators;
  for (int i = 0; i < pixels * vectors; ++i) {
    accumulators.push_back(b_.CreateAlloca(floats_));
    b_.CreateStore(llvm::ConstantAggregateZero::get(floats_), accumulators.back());
  }
  llvm::Function* permute = nullptr;
  permute = llvm::Intrinsic::getDeclaration(&module_, wide_ ? llvm::Intrinsic::x86_avx512_permvar_sf_512
                                                            : llvm::Intrinsic::x86_avx2_permps);

  auto group = [&](llvm::Value* place, std::vector<llvm::Value*>& words, int g, bool last) {
    std::vector<llvm::Value*> indices = words, flips(words.size());
    if (!wide_)
      for (int v = 0; v < vectors; ++v) {
        // The fourth bit is the sign; where it is 0 the other three are turned over: -(x) has the opposite signs.
        llvm::Value* turned = b_.CreateNot(words[v]);
        flips[v] = b_.CreateAnd(b_.CreateShl(turned, 28), b_.CreateVectorSplat(8, b_.getInt32(0x80000000)));
        indices[v] = b_.CreateXor(words[v], b_.CreateAShr(flips[v], 31));
      }
    for (int p = 0; p < pixels; ++p) {
      llvm::Value* table = load(floats_, bytes_on(place, p * pixel_step + g * group_bytes), group_bytes);
      for (int v = 0; v < vectors; ++v) {
        llvm::Value* looked_up = b_.CreateCall(permute, {table, indices[v]});
        if (!wide_)
          looked_up = sign_of(looked_up, flips[v]);
        llvm::Value* place_of_sum = accumulators[p * vectors + v];
        b_.CreateStore(b_.CreateFAdd(b_.CreateLoad(floats_, place_of_sum), looked_up), place_of_sum);
      }
    }
    if (!last)
      for (llvm::Value*& word : words)
        word = b_.CreateLShr(word, 4);
  };
  auto load_words = [&](llvm::Value* at) {
    std::vector<llvm::Value*> words;
    for (int v = 0; v < vectors; ++v)
      words.push_back(load_lanes(i32_, bytes_on(at, int64_t{1} * v * group_bytes), lanes_of(v)));
    return words;
  };
  auto groups = [&](llvm::Value* place, llvm::Value* at, int count) {
    std::vector<llvm::Value*> words = load_words(at);
    for (int g = 0; g < count; ++g)
      group(place, words, g, g == count - 1);
  };
  const int64_t word_bytes = int64_t{4} * shape_.outputs; // from a word of an output to its next 32 channels
  loop(number(0), f->getArg(3), [&](llvm::Value* row) {
    llvm::Value* row_tables = bytes_on(tables, times(row, row_bytes()));
    llvm::Value* row_bits = bytes_on(bits, b_.CreateMul(row, f->getArg(5)));
    loop(number(0), f->getArg(4), [&](llvm::Value* column) {
      llvm::Value* tap_tables = bytes_on(row_tables, times(column, pixel_bytes()));
      llvm::Value* tap_bits = bytes_on(row_bits, b_.CreateMul(column, f->getArg(6)));
      int whole = shape_.channels % 32 == 0 ? shape_.words() : shape_.words() - 1;
      if (whole > 0)
        loop(number(0), number(whole), [&](llvm::Value* word) {
          groups(bytes_on(tap_tables, times(word, 8 * group_bytes)), bytes_on(tap_bits, times(word, word_bytes)), 8);
        });
      if (whole < shape_.words())
        groups(bytes_on(tap_tables, int64_t{1} * whole * 8 * group_bytes), bytes_on(tap_bits, whole * word_bytes),
               shape_.groups() - whole * 8);
    });
  });
  llvm::Value* out = f->getArg(2);
  for (int p = 0; p < pixels; ++p) {
    for (int v = 0; v < vectors; ++v)
      store_lanes(b_.CreateLoad(floats_, accumulators[p * vectors + v]), bytes_on(out, v * group_bytes), lanes_of(v));
    out = bytes_on(out, f->getArg(7));
  }
  b_.CreateRetVoid();
  return f;
}

} // namespace rvb::codegen
