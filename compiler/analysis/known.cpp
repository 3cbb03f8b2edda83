#include "analysis/known.h"

#include "analysis/definitions.h"
#include "ops/ops.h"

#include <algorithm>
#include <numeric>

namespace rvb::analysis {

using namespace ir;

std::optional<float> evaluate(const Function& function, const Op& op, const float* operands) {
  double numbers[3] = {0, 0, 0};
  std::copy(operands, operands + op.operands.size(), numbers);
  const Element element = function.type(op.results[0]).element;
  const std::optional<double> value = ops::evaluate(op, element, numbers);
  const bool integer = element != Element::f32 && element != Element::boolean;
  if (!value || (integer && static_cast<float>(*value) != *value))
    return std::nullopt;
  return static_cast<float>(*value);
}

namespace {

// Depth is bounded by the chains that weights stand in: a threshold of ternary weights is five operations away.
constexpr int deepest = 16;

class Known {
public:
  Known(const Module& module, const Function& function)
      : module_(module), function_(function), defs_(definitions(function, function.ops)) {}

  std::optional<std::vector<float>> of(const Operand& operand, int depth = 0) const {
    if (operand.is_literal())
      return std::vector<float>{static_cast<float>(operand.number)};
    if (const Constant* constant = constant_of(module_, function_, defs_, operand))
      return constant->type.element == Element::f32 ? std::optional(constant->floats()) : std::nullopt;
    const int def = defs_[operand.value];
    if (def < 0 || depth > deepest || function_.type(operand.value).has_batch())
      return std::nullopt;
    const Op& op = function_.ops[def];
    std::vector<std::vector<float>> x;
    for (const Operand& each : op.operands) {
      std::optional<std::vector<float>> values = of(each, depth + 1);
      if (!values)
        return std::nullopt;
      x.push_back(std::move(*values));
    }
    const Type& type = function_.type(operand.value);
    if (is_elementwise(op))
      return elementwise(op, x, type);
    // Sums in the order of their kernels: the trained program must find the same thresholds, and so the same ternary
    // weights, to the bit.
    const Type from =
        op.operands.empty() || op.operands[0].is_literal() ? Type{} : function_.type(op.operands[0].value);
    if (op.opcode == Opcode::sum && op.integer("axis") == from.rank() - 1)
      return summed(x[0], static_cast<size_t>(from.channels()));
    if (op.opcode == Opcode::reduce && from.rank() == 1)
      return reduced(op.text("kind"), x[0]);
    return std::nullopt;
  }

private:
  std::optional<std::vector<float>> elementwise(const Op& op, const std::vector<std::vector<float>>& x,
                                                const Type& type) const {
    std::vector<float> values(static_cast<size_t>(type.elements_per_sample()));
    for (size_t i = 0; i < values.size(); ++i) {
      float operands[3] = {0, 0, 0};
      for (size_t k = 0; k < x.size(); ++k)
        operands[k] = x[k][i % x[k].size()]; // broadcast is innermost
      const std::optional<float> value = evaluate(function_, op, operands);
      if (!value)
        return std::nullopt;
      values[i] = *value;
    }
    return values;
  }

  // kernels/reduce.cpp: rows in single precision, 256 at a time, and these sums in double.
  static std::vector<float> summed(const std::vector<float>& x, size_t channels) {
    constexpr size_t rows = 256;
    std::vector<double> sums(channels, 0);
    std::vector<float> part(channels);
    for (size_t begin = 0; begin < x.size(); begin += rows * channels) {
      std::fill(part.begin(), part.end(), 0.0f);
      for (size_t i = begin; i < std::min(x.size(), begin + rows * channels); ++i)
        part[i % channels] += x[i];
      for (size_t c = 0; c < channels; ++c)
        sums[c] += part[c];
    }
    return {sums.begin(), sums.end()};
  }

  // kernels/operators/reduction.cpp: in single precision, long sums in double.
  static std::vector<float> reduced(const std::string& kind, const std::vector<float>& x) {
    constexpr size_t in_single = 4096;
    if (kind == "max")
      return {*std::max_element(x.begin(), x.end())};
    const size_t terms = kind == "mean" ? x.size() : 1;
    if (x.size() > in_single)
      return {static_cast<float>(std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(terms))};
    return {std::accumulate(x.begin(), x.end(), 0.0f) / static_cast<float>(terms)};
  }

  const Module& module_;
  const Function& function_;
  std::vector<int> defs_;
};

} // namespace

std::optional<std::vector<float>> known_numbers(const Module& module, const Function& function,
                                                const Operand& operand) {
  return Known(module, function).of(operand);
}

} // namespace rvb::analysis
