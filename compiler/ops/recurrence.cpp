// scan and loop: their types need the body. Every sequence is a stack of slices, the body sees one slice of each, and
// the emitted sequences are stacked again. A scan's body is elementwise, so its slices have one shape; a loop's is
// anything.
#include "ir/text.h"
#include "ops/elementwise.h"
#include "ops/rules.h"

namespace rvb::ops {

namespace {

std::optional<Types> none(std::string& error, std::string message) {
  error = std::move(message);
  return std::nullopt;
}

ir::Type type_of(const ir::Function& function, const ir::Operand& operand) {
  return operand.is_literal() ? ir::Type{} : function.type(operand.value);
}

ir::Type slice_of(const ir::Type& sequence) {
  ir::Type slice = sequence;
  slice.dims.erase(slice.dims.begin());
  return slice;
}

struct Counts {
  int64_t sequences, invariants, states, emits;
};

// The parts of the operation as its attributes count them.
std::optional<Counts> count_parts(const ir::Op& op, std::string& error) {
  const auto refused = [&](std::string message) {
    error = std::move(message);
    return std::nullopt;
  };
  if (op.integer("axis") != 0 || op.integer("reverse") > 1)
    return refused("`axis` is to be 0, `reverse` 0 or 1");
  if (op.body.size() != 1)
    return refused("a body is missing");
  const ir::Body& body = op.body[0];
  Counts n{};
  n.invariants = op.integer("invariants");
  n.states = op.integer("states");
  n.sequences = static_cast<int64_t>(op.operands.size()) - n.invariants - n.states;
  n.emits = static_cast<int64_t>(body.yields.size()) - n.states;
  if (n.sequences < 1)
    return refused("at least one operand is to be a sequence");
  if (n.emits < 0)
    return refused("the body yields fewer values than there are states");
  if (n.emits + n.states < 1)
    return refused("the body yields nothing");
  if (body.parameters.size() != op.operands.size())
    return refused("the body has " + std::to_string(body.parameters.size()) + " parameters for " +
                   std::to_string(op.operands.size()) + " operands");
  return n;
}

} // namespace

std::optional<Types> infer_scan(const ir::Function& function, const ir::Op& op, std::string& error) {
  if (!attributes_fit(op,
                      {{"axis", Kind::integer, 0, Need::optional},
                       {"invariants", Kind::integer, 0, Need::optional},
                       {"reverse", Kind::integer, 0, Need::optional},
                       {"states", Kind::integer, 0, Need::optional}},
                      error))
    return std::nullopt;
  const std::optional<Counts> counts = count_parts(op, error);
  if (!counts)
    return std::nullopt;
  const Counts& n = *counts;
  const ir::Body& body = op.body[0];
  ir::Type first = type_of(function, op.operands[0]);
  // Without states the scan is a map, and any axis will do; with states it must be time.
  if (first.dims.empty() || (first.dims[0] == ir::batch && n.states != 0))
    return none(error, "a sequence has type " + ir::print(first) + ", which has no time axis");
  ir::Type slice{ir::Element::f32, slice_of(first).dims};
  for (size_t i = 0; i < op.operands.size(); ++i) {
    const ir::Operand& operand = op.operands[i];
    ir::Type type = type_of(function, operand);
    const ir::Type& seen = function.type(body.parameters[i]);
    std::string what = "operand " + std::to_string(i) + " has type " + ir::print(type) + ", ";
    int64_t index = static_cast<int64_t>(i);
    if (index < n.sequences) {
      if (type.dims != first.dims)
        return none(error, what + "the first sequence " + ir::print(first));
      if (seen != slice_of(type))
        return none(error, what + "the body sees " + ir::print(seen));
    } else if (index < n.sequences + n.invariants) {
      bool fits = (type.element == ir::Element::f32 || type.element == ir::Element::i32) &&
                  (type.dims.empty() || (type.rank() == 1 && !slice.dims.empty() && type.dims[0] == slice.dims.back() &&
                                         type.dims[0] != ir::batch));
      if (!fits || seen != type)
        return none(error,
                    what + "the body sees " + ir::print(seen) + "; an invariant is one number, or one a channel");
    } else if ((!operand.is_literal() && type != seen) || seen.dims != slice.dims ||
               (seen.element != ir::Element::f32 && seen.element != ir::Element::i32)) {
      return none(error, what + "the body sees " + ir::print(seen) + "; a state is " + ir::print(slice));
    }
  }

  Types results;
  for (size_t i = 0; i < body.yields.size(); ++i) {
    ir::Type type = type_of(function, body.yields[i]);
    bool state = static_cast<int64_t>(i) >= n.emits;
    const ir::Element kept =
        state ? function.type(body.parameters[op.operands.size() - body.yields.size() + i]).element : type.element;
    if (state && body.yields[i].is_literal())
      type.element = kept;
    if (!broadcasts_to(type, slice) || type.element != kept)
      return none(error,
                  "yield " + std::to_string(i) + " has type " + ir::print(type) + ", the slices " + ir::print(slice));
    ir::Type result{type.element, state ? slice.dims : first.dims};
    results.push_back(std::move(result));
  }
  return results;
}

std::optional<Types> infer_loop(const ir::Function& function, const ir::Op& op, std::string& error) {
  if (!attributes_fit(op,
                      {{"invariants", Kind::integer, 0, Need::optional},
                       {"reverse", Kind::integer, 0, Need::optional},
                       {"states", Kind::integer, 0, Need::optional}},
                      error))
    return std::nullopt;
  const std::optional<Counts> counts = count_parts(op, error);
  if (!counts)
    return std::nullopt;
  const Counts& n = *counts;
  const ir::Body& body = op.body[0];
  const ir::Type first = type_of(function, op.operands[0]);
  if (first.dims.empty() || first.dims[0] == ir::batch)
    return none(error, "a sequence has type " + ir::print(first) + ", which has no time axis");
  for (size_t i = 0; i < op.operands.size(); ++i) {
    const ir::Type type = type_of(function, op.operands[i]);
    const ir::Type& seen = function.type(body.parameters[i]);
    const std::string what = "operand " + std::to_string(i) + " has type " + ir::print(type) + ", ";
    const auto index = static_cast<int64_t>(i);
    const bool literal = op.operands[i].is_literal();
    if (index < n.sequences) {
      if (literal || type.dims.empty() || type.dims[0] != first.dims[0])
        return none(error, what + "which has not " + std::to_string(first.dims[0]) + " steps");
      if (seen != slice_of(type))
        return none(error, what + "the body sees " + ir::print(seen));
    } else if (literal && index >= n.sequences + n.invariants) { // what the state is before the first step
      if (seen.element != ir::Element::f32)
        return none(error, what + "the body sees " + ir::print(seen) + "; a number begins a state of f32 alone");
    } else if (literal || seen != type) {
      return none(error, what + "the body sees " + ir::print(seen));
    }
  }
  Types results;
  for (size_t i = 0; i < body.yields.size(); ++i) {
    const ir::Type type = type_of(function, body.yields[i]);
    const bool state = static_cast<int64_t>(i) >= n.emits;
    const size_t parameter = op.operands.size() - body.yields.size() + i; // of a state
    if (body.yields[i].is_literal())
      return none(error, "yield " + std::to_string(i) + " is a number; a loop yields values");
    if (state && type != function.type(body.parameters[parameter]))
      return none(error, "yield " + std::to_string(i) + " has type " + ir::print(type) + ", its state " +
                             ir::print(function.type(body.parameters[parameter])));
    results.push_back(type);
    if (!state)
      results.back().dims.insert(results.back().dims.begin(), first.dims[0]);
  }
  return results;
}

} // namespace rvb::ops
