// The loop that NEON's formats share, and the index vectors.
#include "layerkernels/schemes/neon.h"

#include <llvm/IR/IntrinsicsAArch64.h>

#include <algorithm>

namespace rvb::layerkernels {

Neon::Neon(Code& code, const Work& work, const NeonFormat& format)
    : Dense(code, work, {format.pixel_bytes(work.shape), 0}), format_(format),
      bytes_(llvm::FixedVectorType::get(code.i8, 16)) {}

llvm::Value* Neon::cleared(llvm::Type* type) {
  llvm::Value* place = b_.CreateAlloca(type);
  b_.CreateStore(llvm::Constant::getNullValue(type), place);
  return place;
}

llvm::Value* Neon::word_at(llvm::Value* words, llvm::Value* word, int used) {
  return load_lanes(i32_, bytes_on(words, times(word, shape_.word_bytes())), used);
}

// void indices(words, prepared): the index vectors of one vector of outputs, all taps.
llvm::Function* Neon::indices_function(int used) {
  llvm::IRBuilder<>::InsertPointGuard guard(b_);
  llvm::Function* f = function(used == lanes_ ? "indices" : "indices_end", {pointer_, pointer_}, true);
  loop(number(0), number(int64_t{1} * shape_.kernel_y * shape_.kernel_x), [&](llvm::Value* tap) {
    llvm::Value* words = bytes_on(f->getArg(0), times(tap, shape_.tap_bytes()));
    llvm::Value* place = bytes_on(f->getArg(1), times(tap, format_.tap_bytes(shape_)));
    loop(number(0), number(steps()),
         [&](llvm::Value* step) { store(indices(words, step, used), bytes_on(place, times(step, 16)), 16); });
  });
  b_.CreateRetVoid();
  return f;
}

void Neon::prepare(llvm::Value* tensor, llvm::Value* prepared, llvm::Value* first, llvm::Value* end) {
  const int rest = shape_.outputs % lanes_;
  llvm::Value* from = bytes_on(tensor, times(first, 4));
  if (shape_.outputs >= lanes_) {
    whole_ = indices_function(lanes_);
    llvm::Value* count = b_.CreateUDiv(b_.CreateSub(end, first), number(lanes_));
    loop(number(0), count, [&](llvm::Value* v) {
      b_.CreateCall(whole_,
                    {bytes_on(from, times(v, int64_t{4} * lanes_)), bytes_on(prepared, times(v, vector_bytes()))});
    });
  }
  if (rest == 0)
    return;
  rest_ = indices_function(rest);
  when(b_.CreateICmpEQ(end, number(shape_.outputs)), [&] {
    llvm::Value* v = b_.CreateUDiv(b_.CreateSub(end, first), number(lanes_));
    b_.CreateCall(
        rest_, {bytes_on(tensor, int64_t{4} * (shape_.outputs - rest)), bytes_on(prepared, times(v, vector_bytes()))});
  });
}

// What one step adds to all sums.
void Neon::step(llvm::Value* tables, llvm::Value* bits, const Variant& variant, const Sums& sums) {
  llvm::Function* look_up = llvm::Intrinsic::getDeclaration(&module_, llvm::Intrinsic::aarch64_neon_tbl2, {bytes_});
  std::vector<llvm::Value*> indices;
  for (int v = 0; v < variant.vectors; ++v)
    indices.push_back(load(bytes_, bytes_on(bits, v * vector_bytes()), 16));
  for (int p = 0; p < variant.pixels; ++p)
    for (int t = 0; t < format_.tables; ++t) {
      llvm::Value* table = bytes_on(tables, p * pixel_step(variant) + int64_t{32} * t);
      llvm::Value *low = load(bytes_, table, 16), *high = load(bytes_, bytes_on(table, 16), 16);
      for (int v = 0; v < variant.vectors; ++v) {
        llvm::Value* sum = sums[place(variant, p, t, v)];
        llvm::Value* found = b_.CreateCall(look_up, {low, high, indices[static_cast<size_t>(v)]});
        b_.CreateStore(add(b_.CreateLoad(sums_type(), sum), found), sum);
      }
    }
}

// `count` steps from `first` on; two in a round.
void Neon::each_steps(llvm::Value* tables, llvm::Value* bits, const Variant& variant, const Sums& sums, int64_t first,
                      int64_t count) {
  auto at = [&](llvm::Value* index) {
    step(bytes_on(tables, times(index, format_.step_bytes())), bytes_on(bits, times(index, 16)), variant, sums);
  };
  const int64_t even = count / 2 * 2;
  if (even > 2)
    loop(
        number(first), number(first + even),
        [&](llvm::Value* index) {
          at(index);
          at(plus(index, 1));
        },
        2);
  for (int64_t index = even > 2 ? even : 0; index < count; ++index)
    at(number(first + index));
}

llvm::Function* Neon::build_sums(const Variant& variant) {
  llvm::Function* f = begin_sums(variant);
  Sums sums;
  for (int i = 0; i < variant.pixels * format_.tables * variant.vectors; ++i)
    sums.push_back(cleared(sums_type()));
  int64_t taps = 0;
  for (const Phase& phase : shape_.phases)
    taps = std::max(taps, int64_t{1} * phase.taps_y * phase.taps_x);
  const int64_t most = std::min(most_steps(), steps());
  llvm::Value* done =
      taps > most_steps() / std::max<int64_t>(1, steps()) ? cleared(i64_) : nullptr; // null: never too many
  begin(variant, done != nullptr);
  auto some = [&](llvm::Value* tables, llvm::Value* bits, int64_t first, int64_t count) {
    if (done != nullptr) {
      when(b_.CreateICmpSGT(b_.CreateLoad(i64_, done), number(most_steps() - count)), [&] {
        widen(variant, sums);
        b_.CreateStore(number(0), done);
      });
      b_.CreateStore(plus(b_.CreateLoad(i64_, done), count), done);
    }
    each_steps(tables, bits, variant, sums, first, count);
  };
  each_tap(f, [&](llvm::Value* tables, llvm::Value* bits) {
    begin_tap(tables, variant);
    const int64_t whole = steps() / most;
    if (whole > 1)
      loop(number(0), number(whole), [&](llvm::Value* n) {
        some(bytes_on(tables, times(n, most * format_.step_bytes())), bytes_on(bits, times(n, most * 16)), 0, most);
      });
    else
      some(tables, bits, 0, most);
    if (whole * most < steps())
      some(tables, bits, whole * most, steps() - whole * most);
  });
  store_sums(f, variant, results(f, variant, sums));
  return f;
}

std::unique_ptr<Scheme> schemes::neon(const Shape& shape) {
  if (shape.sparse)
    return nullptr;
  return shape.spikes == ir::Element::f32 ? neon_words(shape) : neon_digits(shape);
}

} // namespace rvb::layerkernels
