// scale and sum: one number for each index of one axis.
#include "ops/rules.h"

#include <stdexcept>

namespace rvb::ops {

namespace {

using ir::Opcode;

bool axis_fits(const ir::Op& op, const ir::Type& x, std::string& error) {
  if (!attributes_fit(op, {{"axis", Kind::integer, 0}}, error) || !is_tensor(x, 1, 0, "the tensor", error))
    return false;
  int64_t axis = op.integer("axis");
  if (axis >= x.rank() || x.dims[axis] == ir::batch)
    return fail(error, "axis " + std::to_string(axis) + " is the batch, or not there");
  return true;
}

std::optional<Types> scale_types(const ir::Op& op, const Types& operands, std::string& error) {
  if (!axis_fits(op, operands[0], error) ||
      !is_vector(operands[1], operands[0].dims[op.integer("axis")], "the scale", error))
    return std::nullopt;
  return Types{operands[0]};
}

std::optional<Types> sum_types(const ir::Op& op, const Types& operands, std::string& error) {
  if (!axis_fits(op, operands[0], error))
    return std::nullopt;
  return Types{ir::Type{ir::Element::f32, {operands[0].dims[op.integer("axis")]}}};
}

Gradients scale_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  ir::Attributes axis{{"axis", op.integer("axis")}};
  // The sums first: the product, as large as the weights, is gone before their gradient is made.
  ir::Value product = make(b, Opcode::mul, {*up[0], op.operands[0]});
  ir::Value sums = make(b, Opcode::sum, {product}, axis);
  return {make(b, Opcode::scale, {*up[0], op.operands[1]}, axis), sums};
}

// Of sums for each channel: every element gets its channel's gradient. A map that yields one number a channel.
Gradients sum_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  const ir::Operand x = op.operands[0];
  const ir::Type type = b.type_of(x);
  if (op.integer("axis") != type.rank() - 1 || type.rank() < 2)
    throw std::logic_error("sum: only sums for each channel have a gradient");
  ir::Op spread;
  spread.opcode = Opcode::scan;
  spread.operands = {x, *up[0]};
  spread.attributes = {{"axis", int64_t{0}}, {"invariants", int64_t{1}}};
  spread.body.resize(1);
  ir::Type slice = type;
  slice.dims.erase(slice.dims.begin());
  ir::Function& function = b.function();
  spread.body[0].parameters = {function.add_value(slice, "element"), function.add_value(b.type_of(*up[0]), "up")};
  spread.body[0].yields = {ir::Operand(spread.body[0].parameters[1])};
  return {b.build_scan(std::move(spread), {"d"})[0]};
}

} // namespace

const Meaning rows::scale{scale_types, scale_gradient, nullptr};
const Meaning rows::sum{sum_types, sum_gradient, nullptr};

} // namespace rvb::ops
