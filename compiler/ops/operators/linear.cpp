// linear and its two gradients; and how synapses are counted.
#include "ir/text.h"
#include "ops/synapse.h"

#include <limits>

namespace rvb::ops {

bool is_binary_weights(const ir::Function& function, const ir::Operand& weights) {
  ir::Operand at = weights;
  // Definitions stand before uses: one walk from the back follows scale to sign.
  for (auto op = function.ops.rbegin(); op != function.ops.rend(); ++op) {
    if (at.is_literal() || op->results.empty() || op->results[0] != at.value)
      continue;
    if (op->opcode == ir::Opcode::sign || op->opcode == ir::Opcode::ternary)
      return true;
    if (op->opcode != ir::Opcode::scale)
      return false;
    at = op->operands[0];
  }
  return false;
}

int64_t product(std::initializer_list<int64_t> factors) {
  int64_t result = 1;
  for (int64_t factor : factors)
    if (__builtin_mul_overflow(result, factor, &result))
      return std::numeric_limits<int64_t>::max();
  return result;
}

Count count_synapses(const ir::Function& function, const ir::Operand& weights, int64_t synapses) {
  Count count;
  (is_binary_weights(function, weights) ? count.additions : count.multiply_adds) = synapses;
  return count;
}

namespace {

using ir::Opcode;

bool is_matrix(const ir::Type& type, std::string& error) {
  return is_tensor(type, 2, 2, "the weight", error) &&
         (type.rank() == 2 || fail(error, "the weight has type " + ir::print(type) + ", expected [I,O]"));
}

bool features_agree(int64_t tensor, int64_t weight, std::string& error) {
  return tensor == weight || fail(error, "the tensor has " + std::to_string(tensor) + " features, the weight has " +
                                             std::to_string(weight));
}

std::optional<Types> forward_types(const ir::Op& op, const Types& operands, std::string& error) {
  const ir::Type &x = operands[0], &w = operands[1];
  if (!attributes_fit(op, {}, error) || !is_tensor(x, 1, 1, "the tensor", error) || !is_matrix(w, error) ||
      !features_agree(x.dims.back(), w.dims[0], error))
    return std::nullopt;
  return Types{with_tail(x, 1, {w.dims[1]})};
}

std::optional<Types> input_gradient_types(const ir::Op& op, const Types& operands, std::string& error) {
  const ir::Type &g = operands[0], &w = operands[1];
  if (!attributes_fit(op, {}, error) || !is_tensor(g, 1, 1, "the gradient", error) || !is_matrix(w, error) ||
      !features_agree(g.dims.back(), w.dims[1], error))
    return std::nullopt;
  return Types{with_tail(g, 1, {w.dims[0]})};
}

std::optional<Types> weight_gradient_types(const ir::Op& op, const Types& operands, std::string& error) {
  const ir::Type &x = operands[0], &g = operands[1];
  if (!attributes_fit(op, {}, error) || !is_tensor(x, 1, 1, "the tensor", error) ||
      !is_tensor(g, 1, 1, "the gradient", error))
    return std::nullopt;
  if (with_tail(x, 1, {}).dims != with_tail(g, 1, {}).dims) {
    error = "types " + ir::print(x) + " and " + ir::print(g) + " differ in their leading dimensions";
    return std::nullopt;
  }
  return Types{ir::Type{ir::Element::f32, {x.dims.back(), g.dims.back()}}};
}

Gradients forward_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  return {make(b, Opcode::linear_input_gradient, {*up[0], op.operands[1]}),
          make(b, Opcode::linear_weight_gradient, {op.operands[0], *up[0]})};
}

// Rows of the leading dimensions x features in x features out.
Count forward_count(const ir::Function& function, const ir::Op& op) {
  const std::vector<int64_t>& w = function.type(op.operands[1].value).dims;
  return count_synapses(function, op.operands[1], product({function.type(op.results[0]).elements_per_sample(), w[0]}));
}

Count input_gradient_count(const ir::Function& function, const ir::Op& op) {
  const std::vector<int64_t>& w = function.type(op.operands[1].value).dims;
  return count_synapses(function, op.operands[1], product({function.type(op.results[0]).elements_per_sample(), w[1]}));
}

Count weight_gradient_count(const ir::Function& function, const ir::Op& op) {
  Count count;
  count.multiply_adds = product(
      {function.type(op.operands[0].value).elements_per_sample(), function.type(op.operands[1].value).channels()});
  return count;
}

} // namespace

const Meaning rows::linear{forward_types, forward_gradient, forward_count};
const Meaning rows::linear_input_gradient{input_gradient_types, nullptr, input_gradient_count};
const Meaning rows::linear_weight_gradient{weight_gradient_types, nullptr, weight_gradient_count};

} // namespace rvb::ops
