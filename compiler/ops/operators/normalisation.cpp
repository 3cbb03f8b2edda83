// Batch normalisation over all axes but the last, and the sums it is made of.
#include "ops/rules.h"

#include <stdexcept>

namespace rvb::ops {

namespace {

using ir::Opcode;

constexpr AttributeRule copies_rule{"copies", Kind::integer, 1, Need::optional};
constexpr AttributeRule epsilon_rule{"epsilon", Kind::number, 1};

bool vectors_fit(const Types& operands, std::initializer_list<const char*> names, std::string& error) {
  size_t i = 1;
  for (const char* name : names)
    if (!is_vector(operands[i++], operands[0].dims.back(), name, error))
      return false;
  return true;
}

ir::Type vector_of(const ir::Type& x) {
  return {ir::Element::f32, {x.dims.back()}};
}

std::optional<Types> batchnorm_types(const ir::Op& op, const Types& operands, std::string& error) {
  const ir::Type& x = operands[0];
  if (!attributes_fit(op, {copies_rule, epsilon_rule}, error) || !is_tensor(x, 2, 1, "the tensor", error) ||
      !vectors_fit(operands, {"gamma", "beta"}, error))
    return std::nullopt;
  return Types{x, vector_of(x), vector_of(x), vector_of(x)};
}

std::optional<Types> inference_types(const ir::Op& op, const Types& operands, std::string& error) {
  if (!attributes_fit(op, {epsilon_rule}, error) || !is_tensor(operands[0], 1, 1, "the tensor", error) ||
      !vectors_fit(operands, {"gamma", "beta", "the mean", "the variance"}, error))
    return std::nullopt;
  return Types{operands[0]};
}

std::optional<Types> moments_types(const ir::Op& op, const Types& operands, std::string& error) {
  const ir::Type& x = operands[0];
  if (!attributes_fit(op, {copies_rule}, error) || !is_tensor(x, 2, 1, "the tensor", error))
    return std::nullopt;
  return Types{vector_of(x), vector_of(x), vector_of(x)};
}

std::optional<Types> centered_sums_types(const ir::Op& op, const Types& operands, std::string& error) {
  const ir::Type& x = operands[1];
  if (!attributes_fit(op, {}, error) || !is_tensor(x, 2, 1, "the tensor", error))
    return std::nullopt;
  if (operands[0] != x) {
    error = "the gradient is not of the tensor's type";
    return std::nullopt;
  }
  if (!is_vector(operands[2], x.dims.back(), "the mean", error))
    return std::nullopt;
  return Types{vector_of(x), vector_of(x)};
}

// With xhat = (x - mean) * rstd, n elements a channel, and everything summed over a channel:
//   dbeta  = sum(g)
//   dgamma = sum(g * xhat)                                    = rstd * sum(g * (x - mean))
//   dx     = gamma * rstd * (g - sum(g)/n - xhat * sum(g * xhat)/n)
// as PyTorch's native_batch_norm_backward has it. n leaves `copies` out: equal copies change neither mean nor variance.
Gradients batchnorm_gradient(ir::Builder& b, const ir::Op& op, const Gradients& up) {
  for (size_t i = 1; i < up.size(); ++i)
    if (up[i])
      throw std::logic_error("batchnorm: no gradient flows through the statistics it reports");
  const ir::Operand &x = op.operands[0], &gamma = op.operands[1], &g = *up[0];
  ir::Operand mean = op.results[1], variance = op.results[2];
  ir::Type type = b.type_of(x);
  int64_t per_channel = type.elements_per_sample() / type.dims.back();
  ir::Operand n = type.has_batch() ? ir::Operand(make(b, Opcode::count, {}, {{"per_sample", per_channel}}))
                                   : number(static_cast<double>(per_channel));
  ir::Value deviation = make(b, Opcode::sqrt, {make(b, Opcode::add, {variance, number(op.number("epsilon"))})});
  ir::Value rstd = make(b, Opcode::div, {number(1), deviation});
  std::vector<ir::Value> sums = b.build_many(Opcode::centered_sums, {g, x, mean}, {}, {"sum_g", "sum_gx"});
  ir::Value dgamma = make(b, Opcode::mul, {sums[1], rstd});
  ir::Value factor = make(b, Opcode::mul, {gamma, rstd});
  ir::Value mean_g = make(b, Opcode::div, {sums[0], n});
  ir::Value slope = make(b, Opcode::div, {make(b, Opcode::mul, {dgamma, rstd}), n});
  ir::Value centered = make(b, Opcode::sub, {x, mean});
  ir::Value rest = make(b, Opcode::sub, {make(b, Opcode::sub, {g, mean_g}), make(b, Opcode::mul, {centered, slope})});
  return {make(b, Opcode::mul, {rest, factor}), dgamma, sums[0]};
}

// Each sample stands for as many equal ones as there were steps, in the unbiased variance.
std::optional<ir::Op> batchnorm_step(const ir::Op& op, const Types& operands) {
  if (operands[0].dims[0] == ir::batch)
    return std::nullopt;
  ir::Op step = op;
  step.attributes["copies"] = op.integer("copies", 1) * operands[0].dims[0];
  return step;
}

} // namespace

const Meaning rows::batchnorm = stepping({batchnorm_types, batchnorm_gradient, nullptr}, batchnorm_step);
const Meaning rows::batchnorm_inference{inference_types, nullptr, nullptr};
const Meaning rows::moments{moments_types, nullptr, nullptr};
const Meaning rows::centered_sums{centered_sums_types, nullptr, nullptr};

} // namespace rvb::ops
