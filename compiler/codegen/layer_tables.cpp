// Tables of signed sums. For the 16 channels a0 … a15 of a pixel, with registers of 16:
//   Q = a0+a1, a2+a3, …, a14+a15, a0-a1, …, a14-a15        one addition
//   table of group g: (±a[4g] ± a[4g+1]) + (±a[4g+2] ± a[4g+3]), entry i with + where bit j of i is 1: two
//   permutations of Q, their signs, one addition.
// With registers of 8 the entry i has the signs of the first three, and the fourth is added.
#include "codegen/layer_builder.h"

#include <algorithm>

namespace rvb::codegen {

llvm::Constant* LayerBuilder::minus_lanes(const std::vector<bool>& lanes) {
  std::vector<llvm::Constant*> values;
  for (bool minus : lanes)
    values.push_back(llvm::ConstantInt::get(i32_, !minus ? 0 : real_ ? 0x80000000 : ~uint64_t{0}));
  return llvm::ConstantVector::get(values);
}

llvm::Value* LayerBuilder::signed_by(llvm::Value* value, llvm::Value* minus) {
  if (real_)
    return b_.CreateBitCast(b_.CreateXor(b_.CreateBitCast(value, ints_), minus), floats_);
  return b_.CreateSub(b_.CreateXor(value, minus), minus); // all bits turned over, and one more
}

llvm::Value* LayerBuilder::pair_sums(llvm::Value* spikes) {
  std::vector<int> even, odd;
  std::vector<bool> minus;
  for (int i = 0; i < 16; ++i) {
    even.push_back(i % 8 * 2);
    odd.push_back(i % 8 * 2 + 1);
    minus.push_back(i >= 8);
  }
  return add(b_.CreateShuffleVector(spikes, spikes, even),
             signed_by(b_.CreateShuffleVector(spikes, spikes, odd), minus_lanes(minus)));
}

// `spikes` holds Q when registers are wide, else 8 channels.
llvm::Value* LayerBuilder::table_of_four(llvm::Value* spikes, int group) {
  if (wide_) {
    // Lanes of Q under a sign: a permutation and an exclusive or, which run twice a cycle where a permutation of two
    // registers runs once. Whole numbers would need a subtraction, too: they permute Q and -Q.
    llvm::Value* negated = real_ ? spikes : b_.CreateNeg(spikes);
    auto signed_pair = [&](int pair, int first, int second) {
      std::vector<int> lanes;
      std::vector<bool> minus;
      for (int i = 0; i < 16; ++i) {
        bool a = ((i >> first) & 1) != 0, b = ((i >> second) & 1) != 0;
        lanes.push_back((a == b ? pair : pair + 8) + (real_ || a ? 0 : 16));
        minus.push_back(!a);
      }
      llvm::Value* sums = b_.CreateShuffleVector(spikes, negated, lanes);
      return real_ ? signed_by(sums, minus_lanes(minus)) : sums;
    };
    return add(signed_pair(2 * group, 0, 1), signed_pair(2 * group + 1, 2, 3));
  }
  auto signed_spike = [&](int channel, int bit) {
    llvm::Value* all = b_.CreateShuffleVector(spikes, spikes, std::vector<int>(8, 4 * group + channel));
    std::vector<bool> minus;
    for (int i = 0; i < 8; ++i)
      minus.push_back(((i >> bit) & 1) == 0);
    return bit == 3 ? all : signed_by(all, minus_lanes(minus));
  };
  llvm::Value* first = add(signed_spike(0, 0), signed_spike(1, 1));
  return add(first, add(signed_spike(2, 2), signed_spike(3, 3)));
}

void LayerBuilder::store_tables(llvm::Value* spikes, llvm::Value* place, int groups) {
  llvm::Value* source = wide_ ? pair_sums(spikes) : spikes;
  for (int g = 0; g < groups; ++g)
    store(table_of_four(source, g), bytes_on(place, g * table_bytes()), static_cast<unsigned>(table_bytes()));
}

llvm::Function* LayerBuilder::build_tables() {
  llvm::Function* f = function("tables", {pointer_, pointer_, pointer_, i64_, i64_}, true);
  llvm::Value* image = f->getArg(0);
  llvm::Value* scale = f->getArg(1);
  llvm::Value* tables = f->getArg(2);
  llvm::Value* first = f->getArg(3);
  bool scaled = layer_.synapse->operands.size() > 2;
  llvm::Value* sizes = bytes_ ? b_.CreateAlloca(ints_) : nullptr;
  llvm::Type* element = real_ ? f32_ : spikes_ == ir::Element::i16 ? i16_ : i32_;
  loop(number(0), f->getArg(4), [&](llvm::Value* row) {
    llvm::Value* line = bytes_on(tables, times(row, row_bytes()));
    auto zeros = [&](llvm::Value* at, int columns) {
      if (columns > 0 && narrow_)
        store_narrow_zeros(at, columns);
      else if (columns > 0)
        b_.CreateMemSet(at, b_.getInt8(0), number(columns * pixel_bytes()), llvm::MaybeAlign(32));
    };
    zeros(line, left_);
    zeros(bytes_on(line, (left_ + shape_.width) * pixel_bytes()), right_);
    llvm::Value* y = b_.CreateAdd(first, row);
    llvm::Value* pixels = bytes_on(image, times(y, spike_bytes() * shape_.width * shape_.channels));
    llvm::Value* places = bytes_on(line, left_ * pixel_bytes());
    loop(number(0), number(shape_.width), [&](llvm::Value* x) {
      llvm::Value* from = bytes_on(pixels, times(x, spike_bytes() * shape_.channels));
      llvm::Value* to = bytes_on(places, times(x, pixel_bytes()));
      if (bytes_)
        b_.CreateStore(llvm::ConstantAggregateZero::get(ints_), sizes);
      auto chunk = [&](llvm::Value* channel, int count) {
        auto spikes_from = [&](int first) -> llvm::Value* {
          if (first >= count)
            return llvm::Constant::getNullValue(llvm::FixedVectorType::get(element, static_cast<unsigned>(lanes_)));
          return load_lanes(element, bytes_on(from, times(plus(channel, first), spike_bytes())),
                            std::min(lanes_, count - first));
        };
        llvm::Value* spikes = spikes_from(0);
        if (scaled) // alpha, in training: one number a channel, once a spike
          spikes = b_.CreateFMul(spikes, load_lanes(f32_, bytes_on(scale, times(channel, 4)), count));
        llvm::Value* place = bytes_on(to, times(channel, word_tables() / 32));
        if (narrow_)
          store_narrow_tables({spikes, spikes_from(lanes_)}, place, count);
        else if (bytes_)
          store_byte_tables(spikes, place, sizes);
        else
          store_tables(spikes, place, (count + 3) / 4);
      };
      const int chunk_channels = narrow_ ? 32 : lanes_, whole = shape_.channels / chunk_channels * chunk_channels;
      if (whole > 0)
        loop(
            number(0), number(whole), [&](llvm::Value* channel) { chunk(channel, chunk_channels); }, chunk_channels);
      if (whole < shape_.channels)
        chunk(number(whole), shape_.channels - whole);
      if (bytes_)
        store(b_.CreateAddReduce(b_.CreateLoad(ints_, sizes)), bytes_on(to, sizes_at()));
    });
  });
  b_.CreateRetVoid();
  return f;
}

} // namespace rvb::codegen
