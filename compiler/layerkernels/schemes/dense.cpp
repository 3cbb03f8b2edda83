#include "layerkernels/schemes/dense.h"

#include <algorithm>

namespace rvb::layerkernels {

void Dense::store_zeros(llvm::Value* place, int columns) {
  b_.CreateMemSet(place, b_.getInt8(0), number(columns * pixel_bytes()), llvm::MaybeAlign(32));
}

// The tables of one pixel, whose spikes stand at `from`.
void Dense::build_pixel(llvm::Value* from, llvm::Value* to, llvm::Value* scale) {
  const bool scaled = layer_.synapse->operands.size() > 2;
  llvm::Type* element = type_of(shape_.spikes);
  auto chunk = [&](llvm::Value* channel, int count) {
    auto spikes_from = [&](int first) -> llvm::Value* {
      if (first >= count)
        return llvm::Constant::getNullValue(llvm::FixedVectorType::get(element, static_cast<unsigned>(lanes_)));
      const int lanes = std::min(lanes_, count - first);
      llvm::Value* spikes = load_lanes(element, bytes_on(from, times(plus(channel, first), spike_bytes())), lanes);
      if (scaled) // alpha, in training: one number a channel, once a spike
        spikes = b_.CreateFMul(spikes, load_lanes(f32_, bytes_on(scale, times(plus(channel, first), 4)), lanes));
      return spikes;
    };
    llvm::Value* spikes = spikes_from(0);
    store_tables(spikes, spikes_from, chunk_tables(to, channel), count);
  };
  const int whole = shape_.channels / chunk_channels() * chunk_channels();
  if (whole > 0)
    loop(
        number(0), number(whole), [&](llvm::Value* channel) { chunk(channel, chunk_channels()); }, chunk_channels());
  if (whole < shape_.channels)
    chunk(number(whole), shape_.channels - whole);
}

// void tables(image, scale, tables, first_y, rows): makes the tables of `rows` rows of an image from first_y on, with
// columns of zeros at both sides.
void Dense::build_rows() {
  llvm::Function* f = function("tables", {pointer_, pointer_, pointer_, i64_, i64_}, true);
  llvm::Value* image = f->getArg(0);
  llvm::Value* scale = f->getArg(1);
  llvm::Value* tables = f->getArg(2);
  llvm::Value* first = f->getArg(3);
  begin_rows();
  loop(number(0), f->getArg(4), [&](llvm::Value* row) {
    llvm::Value* line = bytes_on(tables, times(row, row_bytes()));
    auto zeros = [&](llvm::Value* at, int columns) {
      if (columns > 0)
        store_zeros(at, columns);
    };
    zeros(line, frame_.left);
    zeros(bytes_on(line, (frame_.left + shape_.width) * pixel_bytes()), frame_.right);
    llvm::Value* y = b_.CreateAdd(first, row);
    llvm::Value* pixels = bytes_on(image, times(y, spike_bytes() * shape_.width * shape_.channels));
    llvm::Value* places = bytes_on(line, frame_.left * pixel_bytes());
    loop(number(0), number(shape_.width), [&](llvm::Value* x) {
      llvm::Value* from = bytes_on(pixels, times(x, spike_bytes() * shape_.channels));
      llvm::Value* to = bytes_on(places, times(x, pixel_bytes()));
      begin_pixel();
      build_pixel(from, to, scale);
      end_pixel(to);
    });
  });
  b_.CreateRetVoid();
  rows_ = f;
}

void Dense::fill(const Rows& rows) {
  b_.CreateCall(rows_, {rows.image, rows.scale, bytes_on(rows.scratch, times(rows.table_row, row_bytes())), rows.first,
                        rows.count});
}

llvm::Value* Dense::first_tap(llvm::Value* scratch, llvm::Value* table_row, llvm::Value* table_column) {
  return bytes_on(bytes_on(scratch, times(table_row, row_bytes())), times(table_column, pixel_bytes()));
}

// void sums(tables, bits, out, rows, columns, bits_row, bits_column, out_stride): `tables` is the first tap's of the
// first pixel, `bits` its weights'; `rows` and `columns` of taps are summed; weights of the next tap stand bits_row and
// bits_column bytes on; results of the next pixel out_stride bytes on.
llvm::Function* Dense::begin_sums(const Variant& variant) {
  std::string name = "sums_" + std::to_string(variant.pixels) + "x" + std::to_string(variant.vectors) +
                     (variant.across ? "_across" : "") + (variant.ends ? "_end" : "");
  return function(name, {pointer_, pointer_, pointer_, i64_, i64_, i64_, i64_, i64_}, true);
}

void Dense::sum(const Variant& variant, const Windows& windows, const Results& results) {
  b_.CreateCall(sums(variant), {windows.tables, results.weights, results.out, windows.rows, windows.columns,
                                windows.bits_row, windows.bits_column, results.out_stride});
}

void Dense::each_tap(llvm::Function* f, const Taps& body) {
  loop(number(0), f->getArg(3), [&](llvm::Value* row) {
    llvm::Value* row_tables = bytes_on(f->getArg(0), times(row, row_bytes()));
    llvm::Value* row_bits = bytes_on(f->getArg(1), b_.CreateMul(row, f->getArg(5)));
    loop(number(0), f->getArg(4), [&](llvm::Value* column) {
      llvm::Value* tables = bytes_on(row_tables, times(column, pixel_bytes()));
      body(tables, bytes_on(row_bits, b_.CreateMul(column, f->getArg(6))));
    });
  });
}

void Dense::each_word(llvm::Function* f, const Words& body, const std::function<void(llvm::Value*)>& begin_tap) {
  each_tap(f, [&](llvm::Value* tables, llvm::Value* bits) {
    if (begin_tap)
      begin_tap(tables);
    int whole = shape_.channels % 32 == 0 ? shape_.words() : shape_.words() - 1;
    if (whole > 0)
      loop(number(0), number(whole), [&](llvm::Value* word) {
        body(bytes_on(tables, times(word, pixel_.word)), bytes_on(bits, times(word, shape_.word_bytes())), 32);
      });
    if (whole < shape_.words())
      body(bytes_on(tables, whole * pixel_.word), bytes_on(bits, whole * shape_.word_bytes()),
           shape_.channels - whole * 32);
  });
}

void Dense::store_sums(llvm::Function* f, const Variant& variant, const std::vector<llvm::Value*>& sums) {
  llvm::Value* out = f->getArg(2);
  for (int p = 0; p < variant.pixels; ++p) {
    for (int v = 0; v < variant.vectors; ++v)
      store_lanes(sums[static_cast<size_t>(p * variant.vectors + v)], bytes_on(out, int64_t{4} * v * lanes_),
                  lanes_of(variant, v));
    out = bytes_on(out, f->getArg(7));
  }
  b_.CreateRetVoid();
}

} // namespace rvb::layerkernels
