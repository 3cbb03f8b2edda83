// Synapses that few spikes enter: only groups of four channels in which something fires are visited.
//
// A pass over the image lists its events, row by row, pixel by pixel, group by group: the table of the group's sums,
// where its weights' words stand, and by how many bits they are shifted. A row's events lie one after the other, so
// that those under a row of a window's taps are one stretch, from the first event of its first pixel to the first
// after its last: a window of 3 x 3 is three loops, whatever the number of channels. Padding has no events.
//
//   per visited group: its table once, and for every vector of outputs a word, a shift, a lookup, an addition
//
// The same bits as the sums of quads.cpp: what is added is added in the same order (tap by tap from the top left,
// groups in their order), and a silent group's sums are ±0, which change nothing: a sum begins at +0, +0 ± 0 is +0, no
// addition that rounds to nearest gives -0 unless both terms are -0, and every other number stays as it is.
#include "layerkernels/schemes/events.h"

#include <llvm/IR/IntrinsicsX86.h>

#include <algorithm>

namespace rvb::layerkernels {

namespace {

// An event is 64 bytes of sums (16 of them; where registers hold 8, first those in which the fourth spike is added,
// then those in which it is subtracted) and, in another array, {shift, offset of its words from the row's weights}.
constexpr int64_t sums_bytes = 64, place_bytes = 16;

} // namespace

int64_t Events::capacity() const {
  return int64_t{1} * frame_.rows * shape_.width * shape_.groups();
}

// An image's scratch: sums, places, and for every row where the events of each of its pixels begin, columns of padding
// included, and where they end.
int64_t Events::places_at() const {
  return capacity() * sums_bytes;
}
int64_t Events::starts_at() const {
  return places_at() + capacity() * place_bytes;
}
int64_t Events::row_bytes() const {
  return int64_t{8} * (frame_.left + shape_.width + frame_.right + 1);
}
int64_t Events::image_bytes() const {
  return (starts_at() + row_bytes() * frame_.rows + 63) / 64 * 64;
}

llvm::Value* Events::starts_at(llvm::Value* scratch, llvm::Value* row, llvm::Value* column) {
  llvm::Value* starts = bytes_on(bytes_on(scratch, starts_at()), times(row, row_bytes()));
  return bytes_on(starts, times(plus(column, frame_.left), 8));
}

llvm::Value* Events::spike(llvm::Value* place, int channel) {
  llvm::Value* one = load(numbers_->scalar(), bytes_on(place, int64_t{4} * channel));
  return b_.CreateVectorSplat(static_cast<unsigned>(lanes_), one);
}

llvm::Value* Events::signed_spike(llvm::Value* place, int channel) {
  std::vector<bool> minus;
  for (int i = 0; i < lanes_; ++i)
    minus.push_back(((i >> channel) & 1) == 0);
  return numbers_->signed_by(spike(place, channel), numbers_->minus_lanes(minus));
}

// The 16 signed sums of four spikes, in place of the spikes.
void Events::event_table(llvm::Value* place) {
  llvm::Value* second = signed_spike(place, 1);
  llvm::Value* pair = numbers_->add(signed_spike(place, 0), second);
  store_table(pair, signed_spike(place, 2), place);
}

// A group's spikes in numbers of 32 bits; 0 after the last channel.
llvm::Value* Events::spikes_of(llvm::Value* from, int channels) {
  auto* four = llvm::FixedVectorType::get(type_of(shape_.spikes), 4);
  const auto alignment = static_cast<unsigned>(spike_bytes());
  llvm::Value* spikes = nullptr;
  if (channels == 4) {
    spikes = load(four, from, alignment);
  } else {
    spikes = llvm::ConstantAggregateZero::get(four);
    for (int c = 0; c < channels; ++c)
      spikes = b_.CreateInsertElement(
          spikes, load(four->getElementType(), bytes_on(from, c * spike_bytes()), alignment), number(c));
  }
  if (shape_.spikes == ir::Element::i16)
    spikes = b_.CreateSExt(spikes, llvm::FixedVectorType::get(i32_, 4));
  return spikes;
}

// Always written, and kept when something fires: a jump would be guessed wrong too often.
void Events::list_group(llvm::Value* pixel, llvm::Value* x, llvm::Value* word, int g, int channels) {
  auto* two = llvm::FixedVectorType::get(i64_, 2);
  llvm::Value* from = bytes_on(pixel, times(plus(times(word, 32), 4 * g), spike_bytes()));
  llvm::Value* spikes = spikes_of(from, channels);
  llvm::Value* n = b_.CreateLoad(i64_, count_);
  store(spikes, bytes_on(scratch_, times(n, sums_bytes)), 16);
  llvm::Value* offset = b_.CreateAdd(times(x, shape_.tap_bytes()), times(word, shape_.word_bytes()));
  llvm::Value* place = b_.CreateInsertElement(llvm::ConstantAggregateZero::get(two), offset, number(1));
  place = b_.CreateOr(place, llvm::ConstantVector::get({b_.getInt64(static_cast<uint64_t>(4 * g)), b_.getInt64(0)}));
  store(place, bytes_on(bytes_on(scratch_, places_at()), times(n, place_bytes)), 16);
  llvm::Value* silent = is_silent(spikes);
  b_.CreateStore(b_.CreateAdd(n, b_.CreateZExt(b_.CreateXor(silent, b_.getInt32(1)), i64_)), count_);
}

void Events::list_pixel(llvm::Value* pixel, llvm::Value* x) {
  auto groups = [&](llvm::Value* word, int channels) {
    for (int g = 0; 4 * g < channels; ++g)
      list_group(pixel, x, word, g, std::min(4, channels - 4 * g));
  };
  const int whole = shape_.channels / 32;
  loop(number(0), number(whole), [&](llvm::Value* word) { groups(word, 32); });
  groups(number(whole), shape_.channels - 32 * whole);
}

// void events(image, scratch, table_row, first_y, rows): lists the events of `rows` rows of an image from first_y on;
// the first of them is the scratch's row `table_row`.
void Events::build_rows() {
  llvm::Function* f = function("events", {pointer_, pointer_, i64_, i64_, i64_}, true);
  llvm::Value* image = f->getArg(0);
  scratch_ = f->getArg(1);
  count_ = b_.CreateAlloca(i64_);
  b_.CreateStore(number(0), count_);
  auto events_so_far = [&] { return b_.CreateLoad(i64_, count_); };

  loop(number(0), f->getArg(4), [&](llvm::Value* row) {
    llvm::Value* table_row = b_.CreateAdd(f->getArg(2), row);
    auto start = [&](llvm::Value* x) { store(events_so_far(), starts_at(scratch_, table_row, x), 8); };
    llvm::Value* before = events_so_far();
    llvm::Value* pixels =
        bytes_on(image, times(b_.CreateAdd(f->getArg(3), row), spike_bytes() * shape_.width * shape_.channels));
    loop(number(-frame_.left), number(0), start);
    loop(number(0), number(shape_.width), [&](llvm::Value* x) {
      start(x);
      list_pixel(bytes_on(pixels, times(x, spike_bytes() * shape_.channels)), x);
    });
    loop(number(shape_.width), number(int64_t{1} * shape_.width + frame_.right + 1), start);
    loop(before, events_so_far(), [&](llvm::Value* n) { event_table(bytes_on(scratch_, times(n, sums_bytes))); });
  });
  b_.CreateRetVoid();
  rows_ = f;
}

void Events::fill(const Rows& rows) {
  b_.CreateCall(rows_, {rows.image, rows.scratch, rows.table_row, rows.first, rows.count});
}

// Sums of events loop over their pixels, so that a variant serves any number of them.
void Events::sum(const Variant& variant, const Windows& windows, const Results& results) {
  b_.CreateCall(sums({0, variant.vectors, false, variant.ends}),
                {windows.scratch, starts_at(windows.scratch, windows.table_row, windows.column),
                 bytes_on(results.weights, b_.CreateNeg(times(windows.column, shape_.tap_bytes()))), results.out,
                 number(variant.pixels), windows.rows, windows.bits_row, results.out_stride});
}

// What event `n` adds to the sums of a pixel.
void Events::add_event(llvm::Value* n, llvm::Value* scratch, llvm::Value* row_bits, const Variant& variant,
                       const std::vector<llvm::Value*>& sums) {
  llvm::Value* place = bytes_on(bytes_on(scratch, places_at()), times(n, place_bytes));
  llvm::Value* shift = b_.CreateInsertElement(llvm::ConstantAggregateZero::get(llvm::FixedVectorType::get(i64_, 2)),
                                              load(i64_, place, 16), number(0));
  shift = b_.CreateBitCast(shift, llvm::FixedVectorType::get(i32_, 4));
  llvm::Value* bits = bytes_on(row_bits, load(i64_, bytes_on(place, 8), 8));
  load_table(bytes_on(scratch, times(n, sums_bytes)));
  for (int v = 0; v < variant.vectors; ++v) {
    llvm::Value* word = load_lanes(i32_, bytes_on(bits, int64_t{4} * v * lanes_), lanes_of(variant, v));
    llvm::Value* looked_up = look_up(shifted(word, shift));
    llvm::Value* place_of_sum = sums[static_cast<size_t>(v)];
    llvm::Value* sum = numbers_->add(b_.CreateLoad(numbers_->vector(), place_of_sum), looked_up);
    hold(sum, shift);
    b_.CreateStore(sum, place_of_sum);
  }
}

// void sums(scratch, starts, bits, out, pixels, rows, bits_row, out_stride): `starts` is where the events under the
// first tap of the first pixel begin, `bits` that tap's weights, less the offset of that column's events; `rows` rows
// of taps are summed, their weights bits_row bytes apart; results of the next pixel stand out_stride bytes on.
llvm::Function* Events::build_sums(const Variant& variant) {
  const std::string name = "sums_of_events_" + std::to_string(variant.vectors) + (variant.ends ? "_end" : "");
  llvm::Function* f = function(name, {pointer_, pointer_, pointer_, pointer_, i64_, i64_, i64_, i64_}, true);
  llvm::FixedVectorType* vector = numbers_->vector();
  std::vector<llvm::Value*> accumulators;
  for (int v = 0; v < variant.vectors; ++v)
    accumulators.push_back(b_.CreateAlloca(vector));
  const Phase& phase = shape_.phases[0];
  loop(number(0), f->getArg(4), [&](llvm::Value* pixel) {
    llvm::Value* column = times(pixel, shape_.stride_x);
    llvm::Value* starts = bytes_on(f->getArg(1), times(column, 8));
    llvm::Value* bits = bytes_on(f->getArg(2), b_.CreateNeg(times(column, shape_.tap_bytes())));
    for (llvm::Value* sum : accumulators)
      b_.CreateStore(llvm::ConstantAggregateZero::get(vector), sum);
    loop(number(0), f->getArg(5), [&](llvm::Value* row) {
      llvm::Value* row_starts = bytes_on(starts, times(row, row_bytes()));
      llvm::Value* row_bits = bytes_on(bits, b_.CreateMul(row, f->getArg(6)));
      loop(load(i64_, row_starts, 8), load(i64_, bytes_on(row_starts, int64_t{8} * phase.taps_x), 8),
           [&](llvm::Value* n) { add_event(n, f->getArg(0), row_bits, variant, accumulators); });
    });
    llvm::Value* out = bytes_on(f->getArg(3), b_.CreateMul(pixel, f->getArg(7)));
    for (int v = 0; v < variant.vectors; ++v)
      store_lanes(b_.CreateLoad(vector, accumulators[static_cast<size_t>(v)]), bytes_on(out, int64_t{4} * v * lanes_),
                  lanes_of(variant, v));
  });
  b_.CreateRetVoid();
  return f;
}

llvm::Value* X86Events::permuted(llvm::Value* table, llvm::Value* index) {
  return b_.CreateCall(llvm::Intrinsic::getDeclaration(&module_, permutation_), {table, index});
}

llvm::Value* X86Events::shifted(llvm::Value* word, llvm::Value* shift) {
  return b_.CreateCall(llvm::Intrinsic::getDeclaration(&module_, shift_), {word, shift});
}

llvm::Value* X86Events::is_silent(llvm::Value* spikes) {
  auto* two = llvm::FixedVectorType::get(i64_, 2);
  llvm::Value* size = b_.CreateBitCast(b_.CreateVectorSplat(4, b_.getInt32(numbers_->size_bits())), two);
  return b_.CreateCall(llvm::Intrinsic::getDeclaration(&module_, llvm::Intrinsic::x86_sse41_ptestz),
                       {b_.CreateBitCast(spikes, two), size});
}

} // namespace rvb::layerkernels
