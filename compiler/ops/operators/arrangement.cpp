// reshape and permute: the same numbers under other indices.
#include "ir/text.h"
#include "ops/rules.h"

#include <algorithm>

namespace rvb::ops {

namespace {

using ir::Opcode;

// Before and after the batch, the products of the dimensions; without a batch the second is 1.
std::pair<int64_t, int64_t> around_batch(const ir::Type& type) {
  int64_t before = 1, after = 1;
  bool seen = false;
  for (const int64_t dim : type.dims)
    if (dim == ir::batch)
      seen = true;
    else
      (seen ? after : before) *= dim;
  return {before, after};
}

// The batch keeps its place in memory, so that a reshape is free.
std::optional<Types> reshape_types(const ir::Op& op, const Types& operands, std::string& error) {
  const ir::Type& x = operands[0];
  if (!attributes_fit(op, {{"dims", Kind::list, ir::batch}}, error) ||
      !is_tensor(as_real(x), 0, 0, "the operand", error))
    return std::nullopt;
  const ir::Type result{x.element, op.integers("dims")};
  error = ir::fault(result);
  if (!error.empty()) {
    error = "the result would have " + error;
    return std::nullopt;
  }
  if (result.has_batch() != x.has_batch() || around_batch(result) != around_batch(x)) {
    error = ir::print(x) + " and " + ir::print(result) + " have other numbers of elements before or after the batch";
    return std::nullopt;
  }
  return Types{result};
}

Gradients reshape_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  return {make(b, Opcode::reshape, {*up[0]}, {{"dims", b.type_of(op.operands[0]).dims}})};
}

// Dimension i of the result is dimension order[i] of the operand.
std::optional<Types> permute_types(const ir::Op& op, const Types& operands, std::string& error) {
  const ir::Type& x = operands[0];
  if (!attributes_fit(op, {{"order", Kind::list, 0}}, error) || !is_tensor(as_real(x), 0, 0, "the operand", error))
    return std::nullopt;
  const std::vector<int64_t> order = op.integers("order");
  std::vector<int64_t> sorted = order;
  std::sort(sorted.begin(), sorted.end());
  bool fits = static_cast<int>(order.size()) == x.rank();
  for (size_t i = 0; fits && i < sorted.size(); ++i)
    fits = sorted[i] == static_cast<int64_t>(i);
  if (!fits) {
    error = "`order` is to hold every axis of " + ir::print(x) + " once";
    return std::nullopt;
  }
  ir::Type result = x;
  for (size_t i = 0; i < order.size(); ++i)
    result.dims[i] = x.dims[static_cast<size_t>(order[i])];
  return Types{result};
}

Gradients permute_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  const std::vector<int64_t> order = op.integers("order");
  std::vector<int64_t> back(order.size());
  for (size_t i = 0; i < order.size(); ++i)
    back[static_cast<size_t>(order[i])] = static_cast<int64_t>(i);
  return {make(b, Opcode::permute, {*up[0]}, {{"order", back}})};
}

std::optional<ir::Op> reshape_step(const ir::Op& op, const Types& operands) {
  const ir::Type& x = operands[0];
  std::vector<int64_t> dims = op.integers("dims");
  if (x.dims.empty() || dims.empty() || dims[0] != x.dims[0])
    return std::nullopt;
  ir::Op step = op;
  dims.erase(dims.begin());
  step.attributes["dims"] = dims;
  return step;
}

std::optional<ir::Op> permute_step(const ir::Op& op, const Types&) {
  std::vector<int64_t> order = op.integers("order");
  if (order.empty() || order[0] != 0)
    return std::nullopt;
  ir::Op step = op;
  order.erase(order.begin());
  for (int64_t& axis : order)
    --axis;
  step.attributes["order"] = order;
  return step;
}

} // namespace

const Meaning rows::reshape = stepping({reshape_types, reshape_gradient, nullptr}, reshape_step);
const Meaning rows::permute = stepping({permute_types, permute_gradient, nullptr}, permute_step);

} // namespace rvb::ops
