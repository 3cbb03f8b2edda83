// Synapses that few spikes enter: only groups of four channels in which something fires are visited.
//
// A pass over the image lists its events, row by row, pixel by pixel, group by group: the table of the group's sums,
// where its weights' words stand, and by how many bits they are shifted. A row's events lie one behind the other, so
// that those under a row of a window's taps are one stretch, from the first event of its first pixel to the first
// behind its last: a window of 3 x 3 is three loops, whatever the number of channels. Padding has no events.
//
//   per visited group: its table once, and for every vector of outputs a word, a shift, a lookup, an addition
//
// The same bits as the sums of layer_sums.cpp: what is added is added in the same order (tap by tap from the top left,
// groups in their order), and a silent group's sums are ±0, which change nothing: a sum begins at +0, +0 ± 0 is +0, no
// addition that rounds to nearest gives -0 unless both terms are -0, and every other number stays as it is.
#include "codegen/layer_builder.h"

#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/IntrinsicsX86.h>

namespace rvb::codegen {

namespace {

// An event is 64 bytes of sums (16 of them; where registers hold 8, first those in which the fourth spike is added,
// then those in which it is subtracted) and, in another array, {shift, offset of its words from the row's weights}.
constexpr int64_t sums_bytes = 64, place_bytes = 16;

} // namespace

int64_t LayerBuilder::events_capacity() const {
  return int64_t{1} * table_rows_ * shape_.width * shape_.groups();
}

// An image's scratch: sums, places, and for every row where the events of each of its pixels begin, columns of padding
// included, and where they end.
int64_t LayerBuilder::event_places_at() const {
  return events_capacity() * sums_bytes;
}
int64_t LayerBuilder::event_starts_at() const {
  return event_places_at() + events_capacity() * place_bytes;
}
int64_t LayerBuilder::event_row_bytes() const {
  return int64_t{8} * (left_ + shape_.width + right_ + 1);
}
int64_t LayerBuilder::event_bytes() const {
  return (event_starts_at() + event_row_bytes() * table_rows_ + 63) / 64 * 64;
}

llvm::Value* LayerBuilder::event_starts(llvm::Value* scratch, llvm::Value* row, llvm::Value* column) {
  llvm::Value* starts = bytes_on(bytes_on(scratch, event_starts_at()), times(row, event_row_bytes()));
  return bytes_on(starts, times(plus(column, left_), 8));
}

// The 16 signed sums of four spikes, in place of the spikes.
void LayerBuilder::event_table(llvm::Value* place) {
  auto spike = [&](int channel) {
    llvm::Value* one = load(real_ ? f32_ : i32_, bytes_on(place, int64_t{4} * channel));
    return b_.CreateVectorSplat(static_cast<unsigned>(lanes_), one);
  };
  auto signed_spike = [&](int channel) {
    std::vector<bool> minus;
    for (int i = 0; i < lanes_; ++i)
      minus.push_back(((i >> channel) & 1) == 0);
    return signed_by(spike(channel), minus_lanes(minus));
  };
  llvm::Value* first = add(signed_spike(0), signed_spike(1));
  llvm::Value* third = signed_spike(2);
  if (wide_) {
    store(add(first, add(third, signed_spike(3))), place, sums_bytes);
    return;
  }
  llvm::Value* fourth = spike(3);
  llvm::Value* less = real_ ? b_.CreateFSub(third, fourth) : b_.CreateSub(third, fourth);
  llvm::Value *plus_sums = add(first, add(third, fourth)), *minus_sums = add(first, less);
  store(plus_sums, place, 32);
  store(minus_sums, bytes_on(place, 32), 32);
}

// void events(image, scratch, table_row, first_y, rows): lists the events of `rows` rows of an image from first_y on;
// the first of them is the scratch's row `table_row`.
llvm::Function* LayerBuilder::build_events() {
  llvm::Function* f = function("events", {pointer_, pointer_, i64_, i64_, i64_}, true);
  llvm::Value *image = f->getArg(0), *scratch = f->getArg(1);
  auto* four = llvm::FixedVectorType::get(spikes_ == ir::Element::f32   ? f32_
                                          : spikes_ == ir::Element::i16 ? i16_
                                                                        : i32_,
                                          4);
  auto* four_ints = llvm::FixedVectorType::get(i32_, 4);
  auto* two = llvm::FixedVectorType::get(i64_, 2);
  llvm::Function* none_of = llvm::Intrinsic::getDeclaration(&module_, llvm::Intrinsic::x86_sse41_ptestz);
  // -0 is silent, too.
  llvm::Value* bits_of_size =
      b_.CreateBitCast(b_.CreateVectorSplat(4, b_.getInt32(real_ ? 0x7fffffff : 0xffffffff)), two);
  llvm::Value* count = b_.CreateAlloca(i64_);
  b_.CreateStore(number(0), count);
  auto events_so_far = [&] { return b_.CreateLoad(i64_, count); };

  loop(number(0), f->getArg(4), [&](llvm::Value* row) {
    llvm::Value* table_row = b_.CreateAdd(f->getArg(2), row);
    auto start = [&](llvm::Value* x) { store(events_so_far(), event_starts(scratch, table_row, x), 8); };
    llvm::Value* before = events_so_far();
    llvm::Value* pixels =
        bytes_on(image, times(b_.CreateAdd(f->getArg(3), row), spike_bytes() * shape_.width * shape_.channels));
    loop(number(-left_), number(0), start);
    loop(number(0), number(shape_.width), [&](llvm::Value* x) {
      start(x);
      llvm::Value* pixel = bytes_on(pixels, times(x, spike_bytes() * shape_.channels));
      // Always written, and kept when something fires: a jump would be guessed wrong too often.
      auto group = [&](llvm::Value* word, int g, int channels) {
        llvm::Value* from = bytes_on(pixel, times(plus(times(word, 32), 4 * g), spike_bytes()));
        llvm::Value* spikes = nullptr;
        if (channels == 4) {
          spikes = load(four, from, static_cast<unsigned>(spike_bytes()));
        } else {
          spikes = llvm::ConstantAggregateZero::get(four);
          for (int c = 0; c < channels; ++c)
            spikes = b_.CreateInsertElement(
                spikes,
                load(four->getElementType(), bytes_on(from, c * spike_bytes()), static_cast<unsigned>(spike_bytes())),
                number(c));
        }
        if (spikes_ == ir::Element::i16)
          spikes = b_.CreateSExt(spikes, four_ints);
        llvm::Value* n = events_so_far();
        store(spikes, bytes_on(scratch, times(n, sums_bytes)), 16);
        llvm::Value* offset = b_.CreateAdd(times(x, tap_bytes()), times(word, word_bytes()));
        llvm::Value* place = b_.CreateInsertElement(llvm::ConstantAggregateZero::get(two), offset, number(1));
        place =
            b_.CreateOr(place, llvm::ConstantVector::get({b_.getInt64(static_cast<uint64_t>(4 * g)), b_.getInt64(0)}));
        store(place, bytes_on(bytes_on(scratch, event_places_at()), times(n, place_bytes)), 16);
        llvm::Value* silent = b_.CreateCall(none_of, {b_.CreateBitCast(spikes, two), bits_of_size});
        b_.CreateStore(b_.CreateAdd(n, b_.CreateZExt(b_.CreateXor(silent, b_.getInt32(1)), i64_)), count);
      };
      auto groups = [&](llvm::Value* word, int channels) {
        for (int g = 0; 4 * g < channels; ++g)
          group(word, g, std::min(4, channels - 4 * g));
      };
      const int whole = shape_.channels / 32;
      loop(number(0), number(whole), [&](llvm::Value* word) { groups(word, 32); });
      groups(number(whole), shape_.channels - 32 * whole);
    });
    loop(number(shape_.width), number(int64_t{1} * shape_.width + right_ + 1), start);
    loop(before, events_so_far(), [&](llvm::Value* n) { event_table(bytes_on(scratch, times(n, sums_bytes))); });
  });
  b_.CreateRetVoid();
  return f;
}

// void sums(scratch, starts, bits, out, pixels, rows, bits_row, out_stride): `starts` is where the events under the
// first tap of the first pixel begin, `bits` that tap's weights, less the offset of that column's events; `rows` rows
// of taps are summed, their weights bits_row bytes apart; results of the next pixel stand out_stride bytes on.
llvm::Function* LayerBuilder::build_event_sums(const Variant& variant) {
  const std::string name = "sums_of_events_" + std::to_string(variant.vectors) + (variant.ends ? "_end" : "");
  llvm::Function* f = function(name, {pointer_, pointer_, pointer_, pointer_, i64_, i64_, i64_, i64_}, true);
  llvm::Value* scratch = f->getArg(0);
  const int vectors = variant.vectors;
  auto lanes_of = [&](int v) { return variant.ends && v == vectors - 1 ? last_lanes() : lanes_; };
  std::vector<llvm::Value*> accumulators;
  for (int v = 0; v < vectors; ++v)
    accumulators.push_back(b_.CreateAlloca(sum_));
  llvm::Function* permute = lookup();
  llvm::Function* blend = llvm::Intrinsic::getDeclaration(&module_, llvm::Intrinsic::x86_avx_blendv_ps_256);

  llvm::Function* shift_right = llvm::Intrinsic::getDeclaration(&module_, wide_ ? llvm::Intrinsic::x86_avx512_psrl_d_512
                                                                                : llvm::Intrinsic::x86_avx2_psrl_d);
  // Nothing but an order for the compiler: the shift of the next vector comes behind this sum. LLVM would look up all
  // vectors first, to add late, and has no registers for that: with all groups firing, 64 -> 64 at 32 x 32 took 3.07 ms
  // and takes 0.81, 2.05 cycles a lookup, where the two lookups and two shifts alone take 2.
  auto hold = [&](llvm::Value*& sum, llvm::Value*& shift) {
    auto* both = llvm::StructType::get(sum->getType(), shift->getType());
    auto* type = llvm::FunctionType::get(both, {sum->getType(), shift->getType()}, false);
    llvm::Value* held = b_.CreateCall(llvm::InlineAsm::get(type, "", "=x,=x,0,1", false), {sum, shift});
    sum = b_.CreateExtractValue(held, 0);
    shift = b_.CreateExtractValue(held, 1);
  };

  auto event = [&](llvm::Value* n, llvm::Value* row_bits) {
    llvm::Value* place = bytes_on(bytes_on(scratch, event_places_at()), times(n, place_bytes));
    llvm::Value* shift = b_.CreateInsertElement(llvm::ConstantAggregateZero::get(llvm::FixedVectorType::get(i64_, 2)),
                                                load(i64_, place, 16), number(0));
    shift = b_.CreateBitCast(shift, llvm::FixedVectorType::get(i32_, 4));
    llvm::Value* bits = bytes_on(row_bits, load(i64_, bytes_on(place, 8), 8));
    llvm::Value* table = bytes_on(scratch, times(n, sums_bytes));
    llvm::Value* plus_sums = load(sum_, table, wide_ ? 64 : 32);
    llvm::Value* minus_sums = wide_ ? nullptr : load(sum_, bytes_on(table, 32), 32);
    for (int v = 0; v < vectors; ++v) {
      llvm::Value* word = load_lanes(i32_, bytes_on(bits, int64_t{4} * v * lanes_), lanes_of(v));
      llvm::Value* index = b_.CreateCall(shift_right, {word, shift});
      llvm::Value* looked_up = b_.CreateCall(permute, {plus_sums, index});
      if (!wide_) { // the fourth bit, as a sign, chooses between two lookups: two instructions less than turning one
                    // over
        llvm::Value* fourth = b_.CreateBitCast(b_.CreateShl(index, 28), floats_);
        llvm::Value* other = b_.CreateCall(permute, {minus_sums, index});
        looked_up = b_.CreateBitCast(
            b_.CreateCall(blend, {b_.CreateBitCast(other, floats_), b_.CreateBitCast(looked_up, floats_), fourth}),
            sum_);
      }
      llvm::Value* place_of_sum = accumulators[static_cast<size_t>(v)];
      llvm::Value* sum = add(b_.CreateLoad(sum_, place_of_sum), looked_up);
      if (!wide_)
        hold(sum, shift);
      b_.CreateStore(sum, place_of_sum);
    }
  };
  const Phase& phase = shape_.phases[0];
  loop(number(0), f->getArg(4), [&](llvm::Value* pixel) {
    llvm::Value* column = times(pixel, shape_.stride_x);
    llvm::Value* starts = bytes_on(f->getArg(1), times(column, 8));
    llvm::Value* bits = bytes_on(f->getArg(2), b_.CreateNeg(times(column, tap_bytes())));
    for (llvm::Value* sum : accumulators)
      b_.CreateStore(llvm::ConstantAggregateZero::get(sum_), sum);
    loop(number(0), f->getArg(5), [&](llvm::Value* row) {
      llvm::Value* row_starts = bytes_on(starts, times(row, event_row_bytes()));
      llvm::Value* row_bits = bytes_on(bits, b_.CreateMul(row, f->getArg(6)));
      loop(load(i64_, row_starts, 8), load(i64_, bytes_on(row_starts, int64_t{8} * phase.taps_x), 8),
           [&](llvm::Value* n) { event(n, row_bits); });
    });
    llvm::Value* out = bytes_on(f->getArg(3), b_.CreateMul(pixel, f->getArg(7)));
    for (int v = 0; v < vectors; ++v)
      store_lanes(b_.CreateLoad(sum_, accumulators[static_cast<size_t>(v)]), bytes_on(out, int64_t{4} * v * lanes_),
                  lanes_of(v));
  });
  b_.CreateRetVoid();
  return f;
}

} // namespace rvb::codegen
