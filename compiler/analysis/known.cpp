#include "analysis/known.h"

#include "analysis/definitions.h"
#include "ops/ops.h"

#include <algorithm>
#include <limits>
#include <map>

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

// How far a chain of operations on constants is followed.
constexpr int deepest = 200;

// The dimensions of a tensor as loops over its elements, the last one fastest; gives the place of each element in
// another tensor, whose steps along these dimensions are `steps` (0: it has no such dimension).
std::vector<size_t> places(const std::vector<int64_t>& dims, const std::vector<int64_t>& steps) {
  std::vector<size_t> all;
  std::vector<int64_t> at(dims.size(), 0);
  int64_t count = 1, place = 0;
  for (const int64_t extent : dims)
    count *= extent;
  for (int64_t i = 0; i < count; ++i) {
    all.push_back(static_cast<size_t>(place));
    for (size_t d = dims.size(); d-- > 0;) {
      place += steps[d];
      if (++at[d] < dims[d])
        break;
      place -= steps[d] * dims[d];
      at[d] = 0;
    }
  }
  return all;
}

// The steps of a dense tensor.
std::vector<int64_t> dense(const std::vector<int64_t>& dims) {
  std::vector<int64_t> steps(dims.size(), 1);
  for (size_t d = dims.size(); d-- > 1;)
    steps[d - 1] = steps[d] * dims[d];
  return steps;
}

// Steps along `dims` of a tensor that lacks the dimensions `axes` of them.
std::vector<int64_t> without(const std::vector<int64_t>& dims, const std::vector<int64_t>& axes) {
  std::vector<int64_t> left = dims;
  for (const int64_t axis : axes)
    left[static_cast<size_t>(axis)] = 1;
  std::vector<int64_t> steps = dense(left);
  for (const int64_t axis : axes)
    steps[static_cast<size_t>(axis)] = 0;
  return steps;
}

// kernels/operators/reduction.cpp: terms in the order of memory, in single precision, long sums in double.
std::vector<float> reduced(const Op& op, const Type& from, const std::vector<float>& x, size_t results) {
  constexpr int64_t in_single = 4096;
  const std::vector<size_t> to = places(from.dims, without(from.dims, op.integers("axes")));
  const std::string kind = op.text("kind");
  std::vector<float> values(results, kind == "max" ? std::numeric_limits<float>::lowest() : 0.0f);
  const auto terms = static_cast<int64_t>(x.size() / results);
  if (kind == "max") {
    for (size_t i = 0; i < x.size(); ++i)
      values[to[i]] = std::max(values[to[i]], x[i]);
    return values;
  }
  std::vector<double> sums(results, 0);
  for (size_t i = 0; i < x.size(); ++i)
    if (terms > in_single)
      sums[to[i]] += static_cast<double>(x[i]);
    else
      values[to[i]] += x[i];
  const int64_t shares = kind == "mean" ? terms : 1;
  for (size_t r = 0; r < results; ++r)
    values[r] = terms > in_single ? static_cast<float>(sums[r] / static_cast<double>(shares))
                                  : values[r] / static_cast<float>(shares);
  return values;
}

// By element of the result, the one of x at the place that it comes from.
std::vector<float> taken(const std::vector<float>& x, const std::vector<size_t>& from) {
  std::vector<float> values;
  values.reserve(from.size());
  for (const size_t place : from)
    values.push_back(x[place]);
  return values;
}

} // namespace

std::optional<std::vector<float>> known_result(const Function& function, const Op& op,
                                               const std::vector<std::vector<float>>& x) {
  const Type& type = function.type(op.results[0]);
  if (type.has_batch())
    return std::nullopt;
  const auto elements = static_cast<size_t>(type.elements_per_sample());
  const Type from = op.operands.empty() || op.operands[0].is_literal() ? Type{} : function.type(op.operands[0].value);
  if (op.opcode == Opcode::index) {
    std::vector<float> values(elements);
    for (size_t i = 0; i < elements; ++i)
      values[i] = static_cast<float>(i);
    return values;
  }
  if (op.opcode == Opcode::reshape)
    return x[0];
  if (op.opcode == Opcode::expand)
    return taken(x[0], places(type.dims, without(type.dims, op.integers("axes"))));
  if (op.opcode == Opcode::permute) {
    const std::vector<int64_t> steps = dense(from.dims);
    std::vector<int64_t> turned;
    for (const int64_t axis : op.integers("order"))
      turned.push_back(steps[static_cast<size_t>(axis)]);
    return taken(x[0], places(type.dims, turned));
  }
  if (op.opcode == Opcode::reduce)
    return reduced(op, from, x[0], elements);
  return std::nullopt;
}

namespace {

class Known {
public:
  Known(const Module& module, const Function& function)
      : module_(module), function_(function), defs_(definitions(function, function.ops)) {}

  std::optional<std::vector<float>> of(const Operand& operand, int depth = 0) {
    if (operand.is_literal())
      return std::vector<float>{static_cast<float>(operand.number)};
    if (const Constant* constant = constant_of(module_, function_, defs_, operand))
      return constant->type.element == Element::f32 ? std::optional(constant->floats()) : std::nullopt;
    const int def = defs_[operand.value];
    if (def < 0 || depth > deepest || function_.type(operand.value).has_batch())
      return std::nullopt;
    if (const auto before = values_.find(operand.value); before != values_.end())
      return before->second;
    return values_[operand.value] = computed(function_.ops[def], operand.value, depth);
  }

private:
  std::optional<std::vector<float>> computed(const Op& op, Value value, int depth) {
    std::vector<std::vector<float>> x;
    for (const Operand& each : op.operands) {
      std::optional<std::vector<float>> values = of(each, depth + 1);
      if (!values)
        return std::nullopt;
      x.push_back(std::move(*values));
    }
    if (is_elementwise(op))
      return elementwise(op, x, function_.type(value));
    // Sums in the order of their kernels: the trained program must find the same thresholds, and so the same ternary
    // weights, to the bit.
    const Type from =
        op.operands.empty() || op.operands[0].is_literal() ? Type{} : function_.type(op.operands[0].value);
    if (op.opcode == Opcode::sum && op.integer("axis") == from.rank() - 1)
      return summed(x[0], static_cast<size_t>(from.channels()));
    return known_result(function_, op, x);
  }

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

  const Module& module_;
  const Function& function_;
  std::vector<int> defs_;
  std::map<Value, std::optional<std::vector<float>>> values_; // that were asked for
};

} // namespace

std::optional<std::vector<float>> known_numbers(const Module& module, const Function& function,
                                                const Operand& operand) {
  return Known(module, function).of(operand);
}

} // namespace rvb::analysis
