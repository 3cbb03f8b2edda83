// scale and sum: one number for each index of one axis.
#include "ops/rules.h"

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

Gradients sum_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  const ir::Type type = b.type_of(op.operands[0]);
  std::vector<int64_t> axes, sizes;
  for (int64_t axis = 0; axis < type.rank(); ++axis)
    if (axis != op.integer("axis")) {
      axes.push_back(axis);
      sizes.push_back(type.dims[static_cast<size_t>(axis)]);
    }
  if (axes.empty())
    return {up[0]};
  return {make(b, Opcode::expand, {*up[0]}, {{"axes", axes}, {"sizes", sizes}})};
}

} // namespace

const Meaning rows::scale = stepping({scale_types, scale_gradient, nullptr}, step_beside_axis);
const Meaning rows::sum{sum_types, sum_gradient, nullptr};

} // namespace rvb::ops
