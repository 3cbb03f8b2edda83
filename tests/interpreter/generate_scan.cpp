// Elementwise operations, by themselves and in the bodies of scans.
#include "generator.h"

#include "ops/ops.h"

#include <algorithm>
#include <map>

namespace rvb::interpreter {

using ir::Opcode;
using ir::Operand;
using ir::Type;
using ir::Value;

// A choice between a and b, under a mask of comparisons, of constants, or of what is there already.
Value Generator::masked(ir::Builder& builder, const Type& shape, Operand a, Operand b) {
  static const std::vector<Opcode> comparisons{Opcode::greater_equal, Opcode::greater, Opcode::less_equal,
                                               Opcode::less};
  const bool outside = &builder == builder_;
  Operand mask = builder.build(random_.of(comparisons), {a, b});
  if (outside)
    for (const Value other : pools_.masks)
      if (type(other).dims == shape.dims && random_.one_in(2))
        mask = other;
  if (random_.one_in(3))
    mask = builder.build(Opcode::logical_not, {mask});
  if (random_.one_in(3))
    mask = builder.build(random_.one_in(2) ? Opcode::logical_and : Opcode::logical_or,
                         {mask, outside && random_.one_in(2)
                                    ? Operand(this->mask(shape.channels()))
                                    : Operand(builder.build(random_.of(comparisons), {a, literal()}))});
  if (outside && random_.one_in(3) && type(mask.value).dims == shape.dims)
    pools_.masks.push_back(mask.value);
  return random_.one_in(2) ? builder.build(Opcode::select, {mask, a, literal()})
                           : builder.build(Opcode::select, {mask, literal(), b});
}

// A few elementwise operations over `reals`, all of type `shape` or broadcast to it, the first of that type; gives the
// last, of that type.
Value Generator::elementwise(ir::Builder& builder, Type shape, const std::vector<Operand>& reals) {
  const auto make = [&](Opcode opcode, std::vector<Operand> operands, ir::Attributes attributes = {}) {
    return builder.build(opcode, std::move(operands), std::move(attributes), random_.one_in(3) ? "u" : "");
  };
  const Operand a = reals[0], b = reals.size() > 1       ? random_.of(reals)
                                  : &builder == builder_ ? partner(shape)
                                                         : literal();
  static const std::vector<Opcode> two{Opcode::add, Opcode::sub, Opcode::min, Opcode::max};
  static const std::vector<Opcode> one{Opcode::neg,      Opcode::abs,    Opcode::tanh,  Opcode::sigmoid, Opcode::atan,
                                       Opcode::softplus, Opcode::detach, Opcode::floor, Opcode::round,   Opcode::cos};
  static const std::vector<std::string> surrogates{"rectangle", "triangle", "arctangent", "sigmoid"};
  switch (random_.below(11)) {
  case 0:
  case 1: return random_.one_in(2) ? make(random_.of(two), {a, b}) : make(random_.of(two), {b, a});
  case 2: return make(random_.of(one), {a});
  case 3: return make(Opcode::mul, {a, make(Opcode::tanh, {b})}); // products of products would overflow
  case 4: return make(Opcode::mul, {a, literal()});
  case 5: return masked(builder, shape, a, b);
  case 6:
    return make(Opcode::step, {a}, {{"surrogate", random_.of(surrogates)}, {"width", random_.one_in(2) ? 1.0 : 0.5}});
  case 7: {
    const Value positive = make(Opcode::add, {make(Opcode::abs, {a}), Operand::literal(0.5)});
    return random_.one_in(2)   ? make(Opcode::div, {b, positive})
           : random_.one_in(2) ? make(Opcode::log, {positive})
                               : make(Opcode::sqrt, {positive});
  }
  case 8: return random_.one_in(2) ? make(Opcode::sign, {a}) : make(Opcode::ternary, {a, literal()});
  case 9: { // there and back again: what stands between is i32
    const double scale = random_.one_in(2) ? 10.0 : 3.0;
    Value spikes = make(Opcode::quantize, {a}, {{"bits", int64_t{32}}, {"limit", int64_t{100000}}, {"scale", scale}});
    if (random_.one_in(2))
      spikes = make(Opcode::rescale, {spikes, Operand::literal(3)}, {{"shift", random_.between(0, 3)}});
    if (random_.one_in(2))
      spikes = make(Opcode::saturate, {spikes}, {{"bits", int64_t{32}}, {"limit", random_.between(5, 50)}});
    return make(Opcode::dequantize, {spikes}, {{"scale", 0.125}});
  }
  default: return make(Opcode::exp, {make(Opcode::min, {a, Operand::literal(1)})});
  }
}

void Generator::scan(Value x) {
  if (!is_sequence(x) && random_.one_in(2))
    return change_time(x);
  const Type sequence = type(x);
  Type slice = sequence;
  slice.dims.erase(slice.dims.begin());
  ir::Op op{Opcode::scan, {}, {}, {{"axis", int64_t{0}}}, std::vector<ir::Body>(1), {}};
  ir::Body& body = op.body[0];
  std::vector<Operand> reals;
  const auto take = [&](const Operand& outside, const Type& seen, const char* hint) {
    op.operands.push_back(outside);
    body.parameters.push_back(function_.add_value(seen, hint));
    if (seen == slice)
      reals.insert(reals.begin(), body.parameters.back());
    else if (seen.element == ir::Element::f32)
      reals.emplace_back(body.parameters.back());
    return body.parameters.back();
  };
  take(x, slice, "input");
  for (const Value other : pools_.tensors)
    if (other != x && type(other) == sequence && random_.one_in(4) && op.operands.size() < 3)
      take(other, slice, "input");
  ir::Builder inside(function_, body.ops, &ops::infer);
  const auto alike = [&](Value other) { return type(other).dims == sequence.dims && random_.one_in(2); };
  for (const Value other : pools_.masks)
    if (alike(other) && op.operands.size() < 4) {
      const Value mask = take(other, {ir::Element::boolean, slice.dims}, "mask");
      reals.insert(reals.begin(), inside.build(Opcode::select, {mask, reals[0], literal()}));
    }
  for (const Whole& other : pools_.wholes)
    if (alike(other.value) && op.operands.size() < 4) {
      const Value whole = take(other.value, {ir::Element::i32, slice.dims}, "whole");
      reals.insert(reals.begin(), inside.build(Opcode::dequantize, {whole}, {{"scale", 0.01}}));
    }
  const int64_t invariants = random_.below(3);
  const int64_t states = is_sequence(x) ? random_.below(3) : 0; // without states any axis will do
  for (int64_t i = 0; i < invariants; ++i) {
    const std::vector<int64_t> dims = random_.one_in(3) ? std::vector<int64_t>{} : std::vector{slice.channels()};
    take(weights(dims), {ir::Element::f32, dims}, "k");
  }
  for (int64_t i = 0; i < states; ++i) {
    Operand first = literal();
    for (const Value other : pools_.tensors)
      if (type(other) == slice && random_.one_in(2))
        first = other;
    take(first, slice, "v");
  }
  if (invariants != 0)
    op.attributes["invariants"] = invariants;
  if (states != 0)
    op.attributes["states"] = states;
  if (states != 0 && random_.one_in(4))
    op.attributes["reverse"] = int64_t{1};
  for (int64_t i = random_.between(1, 5); i > 0; --i) {
    for (size_t k = 1; k < reals.size(); ++k) // another of the slice's type to the front
      if (!reals[k].is_literal() && type(reals[k].value) == slice && random_.one_in(2))
        std::swap(reals[0], reals[k]);
    reals.insert(reals.begin(), elementwise(inside, slice, reals));
  }
  const int64_t emits = random_.between(1, 2);
  for (int64_t i = 0; i < emits + states; ++i)
    body.yields.push_back(i == 0 || !random_.one_in(6) ? reals[static_cast<size_t>(random_.below(2))] : literal());
  if (random_.one_in(4)) { // spikes on a grid, masks
    const bool narrow = random_.one_in(2);
    const Value other =
        random_.one_in(2)
            ? inside.build(Opcode::greater, {reals[0], literal()})
            : inside.build(Opcode::quantize, {reals[0]},
                           {{"bits", int64_t{narrow ? 16 : 32}}, {"limit", int64_t{1000}}, {"scale", 7.0}});
    body.yields.insert(body.yields.begin(), other);
  }
  for (const Value result : builder_->build_scan(std::move(op), {"o"}))
    switch (type(result).element) {
    case ir::Element::f32: keep(result); break;
    case ir::Element::i32: pools_.wholes.push_back({result, 1000}); break;
    case ir::Element::i16: pools_.halves.push_back({result, 1000}); break;
    case ir::Element::boolean: pools_.masks.push_back(result); break;
    case ir::Element::u32: break;
    }
}

void Generator::scan_alike() {
  std::vector<const ir::Op*> scans;
  for (const ir::Op& op : builder_->ops())
    if (op.opcode == Opcode::scan && function_.type(op.results[0]).element == ir::Element::f32)
      scans.push_back(&op);
  if (scans.empty())
    return scan(pick());
  ir::Op copy = *random_.of(scans);
  const Value first = copy.results[0];
  std::map<Value, Value> named;
  const auto renamed = [&](Value value) {
    return named[value] = function_.add_value(Type(type(value)), function_.values[static_cast<size_t>(value)].name);
  };
  const auto read = [&](std::vector<Operand>& operands) {
    for (Operand& operand : operands)
      if (!operand.is_literal())
        operand = named.at(operand.value);
  };
  ir::Body& body = copy.body[0];
  for (Value& parameter : body.parameters)
    parameter = renamed(parameter);
  for (ir::Op& inner : body.ops) {
    read(inner.operands);
    const bool whole = std::any_of(inner.operands.begin(), inner.operands.end(), [&](const Operand& operand) {
      return !operand.is_literal() && type(operand.value).element == ir::Element::i32;
    });
    for (Operand& operand : inner.operands) // 0.5 keeps denominators and logarithms from 0
      if (operand.is_literal() && operand.number != 0.5 && !whole)
        operand = literal();
    inner.results[0] = renamed(inner.results[0]);
  }
  read(body.yields);
  const std::vector<Value> results = builder_->build_scan(std::move(copy), {"o"});
  if (std::find(pools_.tensors.begin(), pools_.tensors.end(), first) != pools_.tensors.end())
    keep(results[0]);
}

} // namespace rvb::interpreter
