// reduce and expand: axes that go and axes that come. Each is what the other's gradient is made of.
#include "ir/text.h"
#include "ops/rules.h"

#include <algorithm>

namespace rvb::ops {

namespace {

using ir::Opcode;

std::optional<Types> reduce_types(const ir::Op& op, const Types& operands, std::string& error) {
  const ir::Type& x = operands[0];
  if (!attributes_fit(op, {{"axes", Kind::list, 0}, {"kind", Kind::text}}, error) ||
      !is_tensor(x, 1, 0, "the operand", error) || !axes_fit(op, x.rank(), error))
    return std::nullopt;
  const std::string kind = op.text("kind");
  if (kind != "sum" && kind != "mean" && kind != "max") {
    error = "kind \"" + kind + "\" is unknown";
    return std::nullopt;
  }
  ir::Type result = x;
  const std::vector<int64_t> axes = op.integers("axes");
  for (size_t i = axes.size(); i > 0; --i) {
    const int64_t axis = axes[i - 1];
    if (kind == "mean" && x.dims[static_cast<size_t>(axis)] == ir::batch) {
      error = "a mean over the batch: its extent is known when the program runs";
      return std::nullopt;
    }
    result.dims.erase(result.dims.begin() + axis);
  }
  return Types{result};
}

std::vector<int64_t> extents(const ir::Type& type, const std::vector<int64_t>& axes) {
  std::vector<int64_t> sizes;
  for (const int64_t axis : axes)
    sizes.push_back(type.dims[static_cast<size_t>(axis)]);
  return sizes;
}

// The largest values share the gradient where they are several, as in PyTorch's amax.
Gradients reduce_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  const std::vector<int64_t> axes = op.integers("axes");
  const std::vector<int64_t> sizes = extents(b.type_of(op.operands[0]), axes);
  const auto spread = [&](ir::Operand value) {
    if (value.is_literal()) // the result is the loss itself
      return make(b, Opcode::fill, {}, {{"dims", b.type_of(op.operands[0]).dims}, {"value", value.number}});
    return make(b, Opcode::expand, {value}, {{"axes", axes}, {"sizes", sizes}});
  };
  if (op.text("kind") == "max") {
    const ir::Value largest = make(b, Opcode::greater_equal, {op.operands[0], spread(ir::Operand(op.results[0]))});
    const ir::Value marks = make(b, Opcode::select, {largest, number(1), number(0)});
    const ir::Value count = make(b, Opcode::reduce, {marks}, {{"axes", axes}, {"kind", std::string("sum")}});
    return {make(b, Opcode::mul, {marks, spread(make(b, Opcode::div, {*up[0], count}))})};
  }
  int64_t terms = 1;
  if (op.text("kind") == "mean")
    for (const int64_t size : sizes)
      terms *= size;
  const ir::Operand share =
      terms == 1 ? *up[0] : ir::Operand(make(b, Opcode::mul, {*up[0], number(1 / static_cast<double>(terms))}));
  return {spread(share)};
}

// `axes` are those of the result.
std::optional<Types> expand_types(const ir::Op& op, const Types& operands, std::string& error) {
  const ir::Type& x = operands[0];
  const std::vector<int64_t> axes = op.integers("axes"), sizes = op.integers("sizes");
  if (!attributes_fit(op, {{"axes", Kind::list, 0}, {"sizes", Kind::list, ir::batch}}, error) ||
      !is_tensor(x, 0, 0, "the operand", error) || !axes_fit(op, x.rank() + static_cast<int>(axes.size()), error))
    return std::nullopt;
  if (sizes.size() != axes.size() || std::count(sizes.begin(), sizes.end(), 0) != 0) {
    error = "`sizes` is to be one extent for each of `axes`";
    return std::nullopt;
  }
  ir::Type result = x;
  for (size_t i = 0; i < axes.size(); ++i)
    result.dims.insert(result.dims.begin() + axes[i], sizes[i]);
  return Types{result};
}

Gradients expand_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  return {make(b, Opcode::reduce, {*up[0]}, {{"axes", op.integers("axes")}, {"kind", std::string("sum")}})};
}

} // namespace

const Meaning rows::reduce = stepping({reduce_types, reduce_gradient, nullptr}, step_beside_axes);
const Meaning rows::expand = stepping({expand_types, expand_gradient, nullptr}, step_beside_axes);

} // namespace rvb::ops
