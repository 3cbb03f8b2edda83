// concat, slice and pad: along one axis, which is not the batch.
#include "ir/text.h"
#include "ops/rules.h"

namespace rvb::ops {

namespace {

using ir::Opcode;

constexpr AttributeRule axis_rule{"axis", Kind::integer, 0};

// The extent of `x` along the operation's axis; 0 and an error where there is none.
int64_t extent_of(const ir::Op& op, const ir::Type& x, std::string& error) {
  const int64_t axis = op.integer("axis");
  if (!is_tensor(as_real(x), 1, 0, "the operand", error))
    return 0;
  if (axis >= x.rank() || x.dims[static_cast<size_t>(axis)] == ir::batch) {
    error = "axis " + std::to_string(axis) + " of " + ir::print(x) + " is the batch, or not there";
    return 0;
  }
  return x.dims[static_cast<size_t>(axis)];
}

Types resized(const ir::Op& op, ir::Type type, int64_t extent) {
  type.dims[static_cast<size_t>(op.integer("axis"))] = extent;
  return {type};
}

std::optional<Types> concat_types(const ir::Op& op, const Types& operands, std::string& error) {
  if (!attributes_fit(op, {axis_rule}, error))
    return std::nullopt;
  if (operands.empty()) {
    error = "there is nothing to be joined";
    return std::nullopt;
  }
  int64_t whole = 0;
  for (const ir::Type& x : operands) {
    const int64_t extent = extent_of(op, x, error);
    if (extent == 0)
      return std::nullopt;
    if (resized(op, x, 1) != resized(op, operands[0], 1)) {
      error = ir::print(operands[0]) + " and " + ir::print(x) + " differ in other axes than " +
              std::to_string(op.integer("axis"));
      return std::nullopt;
    }
    whole += extent;
  }
  return resized(op, operands[0], whole);
}

Gradients concat_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  Gradients gradients;
  int64_t begin = 0;
  const int64_t axis = op.integer("axis");
  for (const ir::Operand& operand : op.operands) {
    const int64_t size = b.type_of(operand).dims[static_cast<size_t>(axis)];
    gradients.emplace_back(make(b, Opcode::slice, {*up[0]}, {{"axis", axis}, {"begin", begin}, {"size", size}}));
    begin += size;
  }
  return gradients;
}

std::optional<Types> slice_types(const ir::Op& op, const Types& operands, std::string& error) {
  if (!attributes_fit(op, {axis_rule, {"begin", Kind::integer, 0}, {"size", Kind::integer, 1}}, error))
    return std::nullopt;
  const int64_t extent = extent_of(op, operands[0], error), begin = op.integer("begin"), size = op.integer("size");
  if (extent == 0)
    return std::nullopt;
  if (begin + size > extent) {
    error =
        "elements " + std::to_string(begin) + " to " + std::to_string(begin + size) + " of " + std::to_string(extent);
    return std::nullopt;
  }
  return resized(op, operands[0], size);
}

Gradients slice_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  const int64_t axis = op.integer("axis"), begin = op.integer("begin");
  const int64_t extent = b.type_of(op.operands[0]).dims[static_cast<size_t>(axis)];
  return {make(b, Opcode::pad, {*up[0]},
               {{"after", extent - begin - op.integer("size")}, {"axis", axis}, {"before", begin}})};
}

// Zeros before and after.
std::optional<Types> pad_types(const ir::Op& op, const Types& operands, std::string& error) {
  if (!attributes_fit(op, {{"after", Kind::integer, 0}, axis_rule, {"before", Kind::integer, 0}}, error))
    return std::nullopt;
  const int64_t extent = extent_of(op, operands[0], error);
  if (extent == 0)
    return std::nullopt;
  return resized(op, operands[0], extent + op.integer("before") + op.integer("after"));
}

Gradients pad_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  const int64_t axis = op.integer("axis");
  return {make(b, Opcode::slice, {*up[0]},
               {{"axis", axis},
                {"begin", op.integer("before")},
                {"size", b.type_of(op.operands[0]).dims[static_cast<size_t>(axis)]}})};
}

} // namespace

const Meaning rows::concat = stepping({concat_types, concat_gradient, nullptr}, step_beside_axis, true);
const Meaning rows::slice = stepping({slice_types, slice_gradient, nullptr}, step_beside_axis);
const Meaning rows::pad = stepping({pad_types, pad_gradient, nullptr}, step_beside_axis);

} // namespace rvb::ops
