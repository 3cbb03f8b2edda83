// matmul: products of matrices, one for every index of the leading dimensions, which both operands share.
#include "ir/text.h"
#include "ops/rules.h"

namespace rvb::ops {

namespace {

using ir::Opcode;

// Rows and columns as the product sees them.
struct Shape {
  int64_t rows, columns;
};

Shape shape_of(const ir::Type& type, bool transposed) {
  const int64_t outer = type.dims.end()[-2], inner = type.dims.end()[-1];
  return transposed ? Shape{inner, outer} : Shape{outer, inner};
}

bool transposed(const ir::Op& op, int operand) {
  return op.integer(operand == 0 ? "transpose_a" : "transpose_b") != 0;
}

std::optional<Types> matmul_types(const ir::Op& op, const Types& operands, std::string& error) {
  if (!attributes_fit(
          op, {{"transpose_a", Kind::integer, 0, Need::optional}, {"transpose_b", Kind::integer, 0, Need::optional}},
          error) ||
      !is_tensor(operands[0], 2, 2, "the left matrix", error) ||
      !is_tensor(operands[1], 2, 2, "the right matrix", error))
    return std::nullopt;
  const ir::Type &a = operands[0], &b = operands[1];
  const Shape left = shape_of(a, transposed(op, 0)), right = shape_of(b, transposed(op, 1));
  if (with_tail(a, 2, {}) != with_tail(b, 2, {})) {
    error = ir::print(a) + " and " + ir::print(b) + " differ in their leading dimensions";
    return std::nullopt;
  }
  if (left.columns != right.rows) {
    error = std::to_string(left.columns) + " columns meet " + std::to_string(right.rows) + " rows";
    return std::nullopt;
  }
  return Types{with_tail(a, 2, {left.rows, right.columns})};
}

ir::Value product(ir::Builder& b, const ir::Operand& left, bool transpose_left, const ir::Operand& right,
                  bool transpose_right) {
  ir::Attributes attributes;
  if (transpose_left)
    attributes["transpose_a"] = int64_t{1};
  if (transpose_right)
    attributes["transpose_b"] = int64_t{1};
  return make(b, Opcode::matmul, {left, right}, std::move(attributes));
}

// y = A B: dA = g B', dB = A' g; of an operand that is stored transposed, the transposed of that.
Gradients matmul_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  const ir::Operand &x = op.operands[0], &w = op.operands[1], &g = *up[0];
  const bool tx = transposed(op, 0), tw = transposed(op, 1);
  return {tx ? product(b, w, tw, g, true) : product(b, g, false, w, !tw),
          tw ? product(b, g, true, x, tx) : product(b, x, !tx, g, false)};
}

// One multiply-add a term, of one sample.
Count matmul_count(const ir::Function& function, const ir::Op& op) {
  const ir::Type& x = function.type(op.operands[0].value);
  const int64_t depth = shape_of(x, transposed(op, 0)).columns;
  Count count;
  count.multiply_adds = function.type(op.results[0]).elements_per_sample() * depth;
  return count;
}

std::optional<ir::Op> matmul_step(const ir::Op& op, const Types& operands) {
  return operands[0].rank() > 2 ? std::optional(op) : std::nullopt;
}

} // namespace

const Meaning rows::matmul = stepping({matmul_types, matmul_gradient, matmul_count}, matmul_step, true);

} // namespace rvb::ops
