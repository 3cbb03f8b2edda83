// Loops: scans with any operators in their bodies.
#include "generator.h"

#include "ops/ops.h"

namespace rvb::interpreter {

using ir::Opcode;
using ir::Operand;
using ir::Type;
using ir::Value;

Value Generator::read(Value outside) {
  if (loop_ == nullptr)
    return outside;
  loop_->outside.emplace_back(outside);
  loop_->inside.push_back(function_.add_value(Type(type(outside)), "k"));
  return loop_->inside.back();
}

// A slice of a sequence, as the body sees it.
Value Generator::slice(Loop& loop, Value sequence) {
  Type seen = type(sequence);
  seen.dims.erase(seen.dims.begin());
  loop.sequences.emplace_back(sequence);
  return loop.slices.emplace_back(function_.add_value(std::move(seen), "slice"));
}

Value Generator::state(Loop& loop, const Operand& first, Type seen) {
  loop.states.push_back(first);
  return loop.before.emplace_back(function_.add_value(std::move(seen), "state"));
}

// What the body begins with: slices of the same number of steps, states.
Generator::Pools Generator::begin(Loop& loop, Value x) {
  Pools seen;
  seen.tensors.push_back(slice(loop, x));
  const auto fits = [&](Value other) {
    return other != x && type(other).dims[0] == type(x).dims[0] && type(other).rank() > 2 && random_.one_in(3);
  };
  for (const Value other : pools_.tensors)
    if (fits(other))
      seen.tensors.push_back(slice(loop, other));
  for (const Whole& other : pools_.wholes)
    if (fits(other.value))
      seen.wholes.push_back({slice(loop, other.value), other.bound});
  for (int64_t i = random_.below(3); i > 0; --i)
    seen.tensors.push_back(state(loop, literal(), type(seen.tensors[0])));
  for (const Value other : pools_.tensors)
    if (type(other).dims[0] == ir::batch && loop.states.size() < 3 && random_.one_in(3))
      seen.tensors.push_back(state(loop, other, type(other)));
  return seen;
}

// The body grows as the function does; what it trains comes in as invariants. States are held within bounds.
void Generator::loop(Value x) {
  if (!is_sequence(x) || type(x).rank() < 3 || loop_ != nullptr)
    return scan(x);
  ir::Op op{Opcode::loop, {}, {}, {}, std::vector<ir::Body>(1), {}};
  ir::Body& body = op.body[0];
  Loop loop;
  Pools pools = begin(loop, x);
  ir::Builder builder(function_, body.ops, &ops::infer);
  builder.set_layer("loop.part");
  std::swap(pools_, pools);
  loop_ = &loop;
  builder_ = &builder;
  for (int64_t i = random_.between(1, 6); i > 0; --i)
    grow();
  body.yields = {bounded(pick())};
  for (const std::vector<Whole>* list : {&pools_.wholes, &pools_.halves})
    if (!list->empty() && random_.one_in(2))
      body.yields.emplace_back(list->back().value);
  for (const Value current : loop.before) {
    Value next = current;
    for (const Value other : pools_.tensors)
      if (type(other) == type(current) && random_.one_in(2))
        next = other;
    body.yields.emplace_back(bounded(next));
  }
  builder_ = &outermost_;
  loop_ = nullptr;
  std::swap(pools_, pools); // now those of the body

  for (const std::vector<Operand>* part : {&loop.sequences, &loop.outside, &loop.states})
    op.operands.insert(op.operands.end(), part->begin(), part->end());
  for (const std::vector<Value>* part : {&loop.slices, &loop.inside, &loop.before})
    body.parameters.insert(body.parameters.end(), part->begin(), part->end());
  if (!loop.outside.empty())
    op.attributes["invariants"] = static_cast<int64_t>(loop.outside.size());
  if (!loop.states.empty())
    op.attributes["states"] = static_cast<int64_t>(loop.states.size());
  if (random_.one_in(4))
    op.attributes["reverse"] = int64_t{1};
  for (const Value result : builder_->build_scan(std::move(op), {"y"}))
    if (type(result).element == ir::Element::f32)
      keep(result);
    else if (type(result).element == ir::Element::i32)
      pools_.wholes.push_back({result, pools.wholes.back().bound});
    else
      pools_.halves.push_back({result, pools.halves.back().bound});
}

} // namespace rvb::interpreter
