// Fixed point: numbers under one scale, in 16 or 32 bits. Deployment only; no gradients.
#include "ir/text.h"
#include "ops/elementwise.h"

#include <algorithm>
#include <cmath>

namespace rvb::ops {

namespace {

bool bits_fit(const ir::Op& op, std::string& error) {
  const int64_t bits = op.integer("bits");
  if (bits != 16 && bits != 32)
    return fail(error, "`bits` is to be 16 or 32");
  if (op.integer("limit") > (bits == 16 ? INT16_MAX : INT32_MAX))
    return fail(error, "`limit` does not fit into " + std::to_string(bits) + " bits");
  return true;
}

std::optional<Types> quantize_types(const ir::Op& op, const Types& operands, std::string& error) {
  if (!attributes_fit(op, {{"bits", Kind::integer, 16}, {"limit", Kind::integer, 1}, {"scale", Kind::number, 1}},
                      error) ||
      !bits_fit(op, error) || !all_of_element(operands, ir::Element::f32, error))
    return std::nullopt;
  auto dims = common_dims(operands, error);
  if (!dims)
    return std::nullopt;
  return Types{ir::Type{op.integer("bits") == 16 ? ir::Element::i16 : ir::Element::i32, *dims}};
}

std::optional<Types> dequantize_types(const ir::Op& op, const Types& operands, std::string& error) {
  if (!attributes_fit(op, {{"scale", Kind::number, 1}}, error) || !all_of_element(operands, ir::Element::i32, error))
    return std::nullopt;
  auto dims = common_dims(operands, error);
  if (!dims)
    return std::nullopt;
  return Types{ir::Type{ir::Element::f32, *dims}};
}

std::optional<Types> rescale_types(const ir::Op& op, const Types& operands, std::string& error) {
  if (!attributes_fit(op, {{"shift", Kind::integer, 0}}, error))
    return std::nullopt;
  if (op.integer("shift") > 32) {
    fail(error, "`shift` is to be at most 32");
    return std::nullopt;
  }
  if (op.operands[0].is_literal() || element_of_numbers(op, operands, error) != ir::Element::i32) {
    if (error.empty())
      fail(error, "the operand is to be i32");
    return std::nullopt;
  }
  auto dims = common_dims(operands, error);
  if (!dims)
    return std::nullopt;
  return Types{ir::Type{ir::Element::i32, *dims}};
}

std::optional<Types> saturate_types(const ir::Op& op, const Types& operands, std::string& error) {
  if (!attributes_fit(op, {{"bits", Kind::integer, 16}, {"limit", Kind::integer, 1}}, error) || !bits_fit(op, error) ||
      !all_of_element(operands, ir::Element::i32, error))
    return std::nullopt;
  return Types{ir::Type{op.integer("bits") == 16 ? ir::Element::i16 : ir::Element::i32, operands[0].dims}};
}

double within_limit(const ir::Op& op, double x) {
  const auto limit = static_cast<double>(op.integer("limit"));
  return std::clamp(x, -limit, limit);
}

// The product in single precision, as the program takes it: which integer is nearest depends on it. Ties to even.
double quantized(const ir::Op& op, const double* x) {
  return within_limit(op, std::nearbyint(static_cast<float>(x[0]) * static_cast<float>(op.number("scale"))));
}

double dequantized(const ir::Op& op, const double* x) {
  return static_cast<float>(x[0]) * static_cast<float>(op.number("scale"));
}

// round(x m / 2^shift), halves upwards.
double rescaled(const ir::Op& op, const double* x) {
  const int64_t shift = op.integer("shift");
  const int64_t product = static_cast<int64_t>(x[0]) * static_cast<int64_t>(x[1]);
  const int64_t half = shift > 0 ? int64_t{1} << (shift - 1) : 0;
  return static_cast<double>(static_cast<int32_t>((product + half) >> shift));
}

double saturated(const ir::Op& op, const double* x) {
  return within_limit(op, x[0]);
}

} // namespace

const Meaning rows::quantize{quantize_types, nullptr, nullptr, quantized, Form::quantize};
const Meaning rows::dequantize{dequantize_types, nullptr, nullptr, dequantized, Form::dequantize};
const Meaning rows::rescale{rescale_types, nullptr, nullptr, rescaled};
const Meaning rows::saturate{saturate_types, nullptr, nullptr, saturated};

} // namespace rvb::ops
