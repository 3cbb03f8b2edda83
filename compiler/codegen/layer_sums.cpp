// The inner loop: for every tap and every 32 channels, the words of the outputs' weights; for each of their eight
// groups of four bits, each pixel's table, and from it the sums of all outputs at once.
#include "codegen/layer_builder.h"

#include <llvm/IR/IntrinsicsX86.h>

namespace rvb::codegen {

llvm::Function* LayerBuilder::sums(const Variant& variant) {
  llvm::Function*& made = sums_[variant];
  if (made == nullptr) {
    llvm::IRBuilder<>::InsertPointGuard guard(b_);
    made = sparse_   ? build_event_sums(variant)
           : narrow_ ? build_narrow_sums(variant)
           : bytes_  ? build_byte_sums(variant)
                     : build_sums(variant);
  }
  return made;
}

// void sums(tables, bits, out, rows, columns, bits_row, bits_column, out_stride): `tables` is the first tap's of the
// first pixel, `bits` its weights'; `rows` and `columns` of taps are summed; weights of the next tap stand bits_row and
// bits_column bytes on; results of the next pixel out_stride bytes on.
llvm::Function* LayerBuilder::begin_sums(const Variant& variant) {
  std::string name = "sums_" + std::to_string(variant.pixels) + "x" + std::to_string(variant.vectors) +
                     (variant.across ? "_across" : "") + (variant.ends ? "_end" : "");
  return function(name, {pointer_, pointer_, pointer_, i64_, i64_, i64_, i64_, i64_}, true);
}

void LayerBuilder::each_word(llvm::Function* f, const Words& body, const std::function<void(llvm::Value*)>& each_tap) {
  loop(number(0), f->getArg(3), [&](llvm::Value* row) {
    llvm::Value* row_tables = bytes_on(f->getArg(0), times(row, row_bytes()));
    llvm::Value* row_bits = bytes_on(f->getArg(1), b_.CreateMul(row, f->getArg(5)));
    loop(number(0), f->getArg(4), [&](llvm::Value* column) {
      llvm::Value* tables = bytes_on(row_tables, times(column, pixel_bytes()));
      llvm::Value* bits = bytes_on(row_bits, b_.CreateMul(column, f->getArg(6)));
      if (each_tap)
        each_tap(tables);
      int whole = shape_.channels % 32 == 0 ? shape_.words() : shape_.words() - 1;
      if (whole > 0)
        loop(number(0), number(whole), [&](llvm::Value* word) {
          body(bytes_on(tables, times(word, word_tables())), bytes_on(bits, times(word, word_bytes())), 32);
        });
      if (whole < shape_.words())
        body(bytes_on(tables, whole * word_tables()), bytes_on(bits, whole * word_bytes()),
             shape_.channels - whole * 32);
    });
  });
}

void LayerBuilder::store_sums(llvm::Function* f, const Variant& variant, const std::vector<llvm::Value*>& sums) {
  llvm::Value* out = f->getArg(2);
  for (int p = 0; p < variant.pixels; ++p) {
    for (int v = 0; v < variant.vectors; ++v)
      store_lanes(sums[static_cast<size_t>(p * variant.vectors + v)], bytes_on(out, int64_t{4} * v * lanes_),
                  variant.ends && v == variant.vectors - 1 ? last_lanes() : lanes_);
    out = bytes_on(out, f->getArg(7));
  }
  b_.CreateRetVoid();
}

llvm::Function* LayerBuilder::lookup() {
  const llvm::Intrinsic::ID wide =
      real_ ? llvm::Intrinsic::x86_avx512_permvar_sf_512 : llvm::Intrinsic::x86_avx512_permvar_si_512;
  const llvm::Intrinsic::ID half = real_ ? llvm::Intrinsic::x86_avx2_permps : llvm::Intrinsic::x86_avx2_permd;
  return llvm::Intrinsic::getDeclaration(&module_, wide_ ? wide : half);
}

llvm::Function* LayerBuilder::build_sums(const Variant& variant) {
  llvm::Function* f = begin_sums(variant);
  const int pixels = variant.pixels, vectors = variant.vectors;
  const int64_t pixel_step = variant.across ? image_bytes() : shape_.stride_x * pixel_bytes();
  auto lanes_of = [&](int v) { return variant.ends && v == vectors - 1 ? last_lanes() : lanes_; };
  std::vector<llvm::Value*> accumulators;
  for (int i = 0; i < pixels * vectors; ++i) {
    accumulators.push_back(b_.CreateAlloca(sum_));
    b_.CreateStore(llvm::ConstantAggregateZero::get(sum_), accumulators.back());
  }
  llvm::Function* permute = lookup();

  // Whole numbers are turned by an exclusive or alone, -x - 1; the ones are counted, with their sign, and subtracted at
  // the end: an addition for all pixels instead of one for each.
  std::vector<llvm::Value*> counts;
  for (int v = 0; v < vectors && !wide_ && !real_; ++v) {
    counts.push_back(b_.CreateAlloca(ints_));
    b_.CreateStore(llvm::ConstantAggregateZero::get(ints_), counts.back());
  }
  auto add_to = [&](llvm::Value* place, llvm::Value* term) {
    b_.CreateStore(add(b_.CreateLoad(sum_, place), term), place);
  };

  each_word(f, [&](llvm::Value* tables, llvm::Value* bits, int channels) {
    const int groups = (channels + 3) / 4;
    std::vector<llvm::Value*> words, negative;
    for (int v = 0; v < vectors; ++v) {
      words.push_back(load_lanes(i32_, bytes_on(bits, int64_t{4} * v * lanes_), lanes_of(v)));
      if (wide_)
        continue;
      // The fourth bit is the sign; where it is 0 the other three are turned over, in all groups at once: -(x) has the
      // opposite signs. 8 - 1 are the three.
      negative.push_back(b_.CreateAnd(b_.CreateNot(words.back()), b_.CreateVectorSplat(8, b_.getInt32(0x88888888))));
      words.back() = b_.CreateXor(words.back(), b_.CreateSub(negative.back(), b_.CreateLShr(negative.back(), 3)));
    }
    for (int g = 0; g < groups; ++g) {
      std::vector<llvm::Value*> indices = words, minus(words.size());
      for (size_t v = 0; v < words.size() && !wide_; ++v) {
        llvm::Value* sign = b_.CreateShl(negative[v], 28 - 4 * static_cast<uint64_t>(g));
        minus[v] =
            real_ ? b_.CreateAnd(sign, b_.CreateVectorSplat(8, b_.getInt32(0x80000000))) : b_.CreateAShr(sign, 31);
        if (!real_)
          add_to(counts[v], minus[v]);
      }
      for (int p = 0; p < pixels; ++p) {
        llvm::Value* table =
            load(table_, bytes_on(tables, p * pixel_step + g * table_bytes()), static_cast<unsigned>(table_bytes()));
        for (int v = 0; v < vectors; ++v) {
          llvm::Value* looked_up = b_.CreateCall(permute, {table, indices[static_cast<size_t>(v)]});
          if (!wide_)
            looked_up = real_ ? signed_by(looked_up, minus[static_cast<size_t>(v)])
                              : b_.CreateXor(looked_up, minus[static_cast<size_t>(v)]);
          add_to(accumulators[static_cast<size_t>(p * vectors + v)], looked_up);
        }
      }
      if (g + 1 < groups)
        for (llvm::Value*& word : words)
          word = b_.CreateLShr(word, 4);
    }
  });
  std::vector<llvm::Value*> results;
  for (size_t i = 0; i < accumulators.size(); ++i) {
    results.push_back(b_.CreateLoad(sum_, accumulators[i]));
    if (!counts.empty())
      results.back() = b_.CreateSub(results.back(), b_.CreateLoad(sum_, counts[i % static_cast<size_t>(vectors)]));
  }
  store_sums(f, variant, results);
  return f;
}

} // namespace rvb::codegen
