// The types of a whole operation. `scan` is checked here, because its rule needs the body: every sequence is a stack of
// slices of one shape, the body sees one slice, and the emitted sequences are stacked again.
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

std::optional<Types> infer_scan(const ir::Function& function, const ir::Op& op, std::string& error) {
  if (!attributes_fit(op,
                      {{"axis", Kind::integer, 0, Need::optional},
                       {"invariants", Kind::integer, 0, Need::optional},
                       {"reverse", Kind::integer, 0, Need::optional},
                       {"states", Kind::integer, 0, Need::optional}},
                      error))
    return std::nullopt;
  if (op.integer("axis") != 0 || op.integer("reverse") > 1)
    return none(error, "`axis` is to be 0, `reverse` 0 or 1");
  if (op.body.size() != 1)
    return none(error, "a body is missing");
  const ir::Body& body = op.body[0];
  Counts n{};
  n.invariants = op.integer("invariants");
  n.states = op.integer("states");
  n.sequences = static_cast<int64_t>(op.operands.size()) - n.invariants - n.states;
  n.emits = static_cast<int64_t>(body.yields.size()) - n.states;
  if (n.sequences < 1)
    return none(error, "at least one operand is to be a sequence");
  if (n.emits < 0)
    return none(error, "the body yields fewer values than there are states");
  if (n.emits + n.states < 1)
    return none(error, "the body yields nothing");
  if (body.parameters.size() != op.operands.size())
    return none(error, "the body has " + std::to_string(body.parameters.size()) + " parameters for " +
                           std::to_string(op.operands.size()) + " operands");

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

// The states' initial literals are numbers of the right shape by definition; elsewhere a literal is a scalar.
bool takes_literals(const ir::OperatorInfo& row) {
  return (row.traits & (ir::elementwise | ir::has_body)) != 0;
}

} // namespace

std::optional<Types> infer(const ir::Function& function, const ir::Op& op, std::string& error) {
  const ir::OperatorInfo& row = ir::info(op.opcode);
  if (row.operands >= 0 && row.operands != static_cast<int>(op.operands.size()))
    return none(error,
                "has " + std::to_string(op.operands.size()) + " operands, takes " + std::to_string(row.operands));
  if ((row.traits & ir::has_body) == 0 && !op.body.empty())
    return none(error, "takes no body");
  Types operands;
  for (const ir::Operand& operand : op.operands) {
    if (operand.is_literal() && !takes_literals(row))
      return none(error, "takes values, not numbers");
    operands.push_back(type_of(function, operand));
  }
  std::optional<Types> results;
  if (op.opcode == ir::Opcode::scan)
    results = infer_scan(function, op, error);
  else if (op.opcode == ir::Opcode::constant && op.results.size() == 1) {
    if (attributes_fit(op, {{"name", Kind::text}}, error))
      results = Types{function.type(op.results[0])};
  } else
    results = meaning(op.opcode).types(op, operands, error);
  if (!results)
    return results;
  for (const ir::Type& type : *results) {
    std::string wrong = ir::fault(type);
    if (!wrong.empty())
      return none(error, "the result would have " + wrong);
  }
  return results;
}

} // namespace rvb::ops
