// Integers: what deployed synapses and neurons in fixed point are made of.
#include "generator.h"

#include "ops/ops.h"

#include <algorithm>

namespace rvb::interpreter {

using ir::Opcode;
using ir::Operand;
using ir::Value;

namespace {

constexpr int64_t largest = int64_t{1} << 24; // of a bound, so that a few more sums fit

} // namespace

void Generator::quantize(Value x) {
  const bool narrow = random_.one_in(2);
  const int64_t limit = narrow ? random_.between(3, 1023) : random_.between(3, 100000);
  const Value whole = emit(Opcode::quantize, {x},
                           {{"bits", int64_t{narrow ? 16 : 32}}, {"limit", limit}, {"scale", random_.real(1, 12)}});
  (narrow ? pools_.halves : pools_.wholes).push_back({whole, limit});
}

void Generator::whole_arithmetic() {
  const std::optional<Whole> picked = pick_whole();
  if (!picked)
    return;
  const auto [x, bound] = *picked;
  const ir::Type t = type(x);
  Whole other = *picked;
  for (const Whole& each : pools_.wholes)
    if (type(each.value) == t && random_.one_in(2))
      other = each;
  Operand y = other.value;
  if (random_.one_in(3)) {
    other.bound = 5;
    y = random_.one_in(2) ? Operand(whole_numbers({t.channels()}, 5)) : Operand::literal(3);
  }
  const int64_t either = std::max(bound, other.bound);
  static const std::vector<Opcode> comparisons{Opcode::greater_equal, Opcode::greater, Opcode::less_equal,
                                               Opcode::less};
  switch (random_.below(8)) {
  case 0:
  case 1:
    if (bound + other.bound < largest)
      pools_.wholes.push_back({emit(random_.one_in(2) ? Opcode::add : Opcode::sub, {x, y}), bound + other.bound});
    return;
  case 2: pools_.wholes.push_back({emit(random_.one_in(2) ? Opcode::min : Opcode::max, {x, y}), either}); return;
  case 3: pools_.wholes.push_back({emit(random_.one_in(2) ? Opcode::neg : Opcode::abs, {x}), bound}); return;
  case 4: {
    const Value chosen = emit(random_.of(comparisons), {x, y});
    pools_.masks.push_back(chosen);
    pools_.wholes.push_back({emit(Opcode::select, {chosen, x, y}), either});
    return;
  }
  case 5: {
    const int64_t shift = random_.between(0, 3), multiplier = random_.between(1, 5);
    if (bound * multiplier < largest)
      pools_.wholes.push_back(
          {emit(Opcode::rescale, {x, Operand::literal(static_cast<double>(multiplier))}, {{"shift", shift}}),
           bound * multiplier + 1});
    return;
  }
  case 6: {
    const bool narrow = random_.one_in(2);
    const int64_t limit = random_.between(3, 1000);
    const Value held = emit(Opcode::saturate, {x}, {{"bits", int64_t{narrow ? 16 : 32}}, {"limit", limit}});
    (narrow ? pools_.halves : pools_.wholes).push_back({held, limit});
    return;
  }
  default: keep(emit(Opcode::dequantize, {x}, {{"scale", random_.one_in(2) ? 0.125 : 0.01}})); return;
  }
}

void Generator::whole_space() {
  const std::optional<Whole> picked = pick_whole();
  if (!picked)
    return;
  const auto [x, bound] = *picked;
  const ir::Type t = type(x);
  const auto goes_on = [&](Value y) {
    const ir::Type& made = type(y);
    if (made.has_batch() && made.rank() >= 2 && made.dims.back() != ir::batch && made.rank() < ir::max_rank - 1)
      pools_.wholes.push_back({y, bound});
    else
      show(y);
  };
  switch (random_.below(4)) {
  case 0: return goes_on(rearranged(x));
  case 1: {
    if (!is_image(x))
      return goes_on(rearranged(x));
    const std::vector<int64_t> kernel{std::min<int64_t>(2, t.dims.end()[-3]), std::min<int64_t>(2, t.dims.end()[-2])};
    return goes_on(emit(random_.one_in(2) ? Opcode::avgpool : Opcode::maxpool, {x},
                        {{"kernel", kernel}, {"pad", std::vector<int64_t>{0, 0}}, {"stride", kernel}}));
  }
  case 2:
    if (is_image(x))
      return goes_on(emit(Opcode::flatten, {x}));
    return goes_on(
        emit(Opcode::pad, {x}, {{"after", int64_t{1}}, {"axis", int64_t{t.rank() - 1}}, {"before", random_.below(2)}}));
  default:
    if (random_.one_in(2))
      return goes_on(emit(Opcode::concat, {x, x}, {{"axis", int64_t{t.rank() - 1}}}));
    return goes_on(emit(Opcode::slice, {x},
                        {{"axis", int64_t{t.rank() - 1}}, {"begin", int64_t{0}}, {"size", (t.channels() + 1) / 2}}));
  }
}

// Spikes as whole numbers, in 16 or 32 bits, small enough for sums of as many.
void Generator::whole_synapses() {
  if (!options_.binary)
    return;
  std::optional<Whole> picked = pools_.halves.empty() || random_.one_in(2) ? pick_whole() : random_.of(pools_.halves);
  if (!picked)
    return;
  const bool known = random_.one_in(6);
  const Value x = known ? narrow_numbers({2, type(picked->value).channels()}) : picked->value;
  const int64_t in = type(x).channels(), out = random_.between(1, 5);
  ir::Attributes attributes;
  std::vector<int64_t> kernel{1, 1};
  const bool image = is_image(x);
  if (image) {
    attributes = windows(x, kernel);
    attributes["kernel"] = kernel;
  }
  const int64_t taps = kernel[0] * kernel[1], bound = picked->bound * in * taps;
  if (bound > largest)
    return;
  attributes["channels"] = std::vector<int64_t>{in, out};
  if (random_.one_in(2))
    attributes["sparse"] = int64_t{1};
  const Opcode opcode = image ? Opcode::binary_conv2d : Opcode::binary_linear;
  const Value sums = emit(opcode, {x, bits(taps, in, out)}, attributes);
  if (known)
    show(sums);
  else
    pools_.wholes.push_back({sums, bound});
}

// A neuron in fixed point: a membrane that is held within bounds, spikes on a grid.
void Generator::whole_scan() {
  const std::optional<Whole> picked = pick_whole();
  if (!picked || !is_sequence(picked->value))
    return;
  const Value x = picked->value;
  const ir::Type sequence = type(x);
  ir::Type slice = sequence;
  slice.dims.erase(slice.dims.begin());
  if (slice.dims.back() == ir::batch)
    return;
  const int64_t limit = random_.between(10, 30000);
  ir::Op op{Opcode::scan,
            {x},
            {},
            {{"axis", int64_t{0}}, {"invariants", int64_t{1}}, {"states", int64_t{2}}},
            std::vector<ir::Body>(1),
            {}};
  ir::Body& body = op.body[0];
  const auto take = [&](const Operand& outside, const ir::Type& seen, const char* hint) {
    if (!body.parameters.empty())
      op.operands.push_back(outside);
    body.parameters.push_back(function_.add_value(seen, hint));
    return body.parameters.back();
  };
  const ir::Type vector{ir::Element::i32, {slice.channels()}};
  const Value current = take({}, slice, "current");
  const Value threshold = take(whole_numbers(vector.dims, 9), vector, "threshold");
  const Value membrane = take(Operand::literal(0), slice, "membrane");
  const Value count = take(Operand::literal(static_cast<double>(random_.below(3))), slice, "count");
  ir::Builder inside(function_, body.ops, &ops::infer);
  const Value leaked =
      inside.build(Opcode::rescale, {membrane, Operand::literal(1)}, {{"shift", random_.between(1, 2)}});
  const Value sum = inside.build(Opcode::add, {leaked, current});
  const Value held = inside.build(Opcode::saturate, {sum}, {{"bits", int64_t{32}}, {"limit", limit}});
  const Value fires = inside.build(Opcode::greater_equal, {held, threshold});
  const Value rest = inside.build(Opcode::select, {fires, Operand::literal(0), held});
  const Value spike = inside.build(Opcode::select, {fires, held, Operand::literal(0)});
  const Value next = inside.build(Opcode::add, {count, Operand::literal(1)});
  const bool narrow = random_.one_in(2);
  const Value spikes =
      narrow ? inside.build(Opcode::saturate, {spike}, {{"bits", int64_t{16}}, {"limit", int64_t{1000}}}) : spike;
  body.yields = {spikes, fires, rest, next};
  if (random_.one_in(4))
    op.attributes["reverse"] = int64_t{1};
  const std::vector<Value> results = builder_->build_scan(std::move(op), {"spikes", "fires", "membrane", "count"});
  (narrow ? pools_.halves : pools_.wholes).push_back({results[0], narrow ? 1000 : limit});
  pools_.masks.push_back(results[1]);
  if (random_.one_in(2) && type(results[2]).rank() >= 2)
    pools_.wholes.push_back({results[2], limit});
  if (random_.one_in(2))
    show(results[3]);
}

} // namespace rvb::interpreter
