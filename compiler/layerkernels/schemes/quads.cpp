// The inner loop: for every tap and every 32 channels, the words of the outputs' weights; for each of their eight
// groups of four bits, each pixel's table, and from it the sums of all outputs at once.
#include "layerkernels/schemes/quads.h"

namespace rvb::layerkernels {

void Quads::store_tables(llvm::Value* spikes, const Spikes&, llvm::Value* place, int count) {
  llvm::Value* source = prepare(spikes);
  for (int g = 0; g < (count + 3) / 4; ++g)
    store(table_of_four(source, g), bytes_on(place, g * table_bytes()), static_cast<unsigned>(table_bytes()));
}

void Quads::add_to(llvm::Value* place, llvm::Value* term) {
  b_.CreateStore(numbers_->add(b_.CreateLoad(numbers_->vector(), place), term), place);
}

llvm::Function* Quads::build_sums(const Variant& variant) {
  llvm::Function* f = begin_sums(variant);
  const int pixels = variant.pixels, vectors = variant.vectors;
  llvm::FixedVectorType* vector = numbers_->vector();
  std::vector<llvm::Value*> accumulators;
  for (int i = 0; i < pixels * vectors; ++i) {
    accumulators.push_back(b_.CreateAlloca(vector));
    b_.CreateStore(llvm::ConstantAggregateZero::get(vector), accumulators.back());
  }
  llvm::Function* permute = llvm::Intrinsic::getDeclaration(&module_, lookup_);
  begin(vectors);
  each_word(f, [&](llvm::Value* tables, llvm::Value* bits, int channels) {
    const int groups = (channels + 3) / 4;
    std::vector<llvm::Value*> words;
    for (int v = 0; v < vectors; ++v)
      words.push_back(word(load_lanes(i32_, bytes_on(bits, int64_t{4} * v * lanes_), lanes_of(variant, v)), v));
    for (int g = 0; g < groups; ++g) {
      group(g);
      for (int p = 0; p < pixels; ++p) {
        llvm::Value* table = load(vector, bytes_on(tables, p * pixel_step(variant) + g * table_bytes()),
                                  static_cast<unsigned>(table_bytes()));
        for (int v = 0; v < vectors; ++v) {
          llvm::Value* looked_up = b_.CreateCall(permute, {table, words[static_cast<size_t>(v)]});
          add_to(accumulators[static_cast<size_t>(p * vectors + v)], found(looked_up, v));
        }
      }
      if (g + 1 < groups)
        for (llvm::Value*& word : words)
          word = b_.CreateLShr(word, 4);
    }
  });
  std::vector<llvm::Value*> results;
  for (size_t i = 0; i < accumulators.size(); ++i)
    results.push_back(result(b_.CreateLoad(vector, accumulators[i]), static_cast<int>(i) % vectors));
  store_sums(f, variant, results);
  return f;
}

} // namespace rvb::layerkernels
