// Spikes in fixed point: numbers of a layer under one scale, in 16 or 32 bits. Deployment only; no gradients.
#include "ir/text.h"
#include "ops/elementwise.h"

namespace rvb::ops {

namespace {

std::optional<Types> quantize_types(const ir::Op& op, const Types& operands, std::string& error) {
  if (!attributes_fit(op, {{"bits", Kind::integer, 16}, {"limit", Kind::integer, 1}, {"scale", Kind::number, 1}},
                      error) ||
      !all_of_element(operands, ir::Element::f32, error))
    return std::nullopt;
  int64_t bits = op.integer("bits");
  if (bits != 16 && bits != 32) {
    fail(error, "`bits` is to be 16 or 32");
    return std::nullopt;
  }
  if (op.integer("limit") > (bits == 16 ? INT16_MAX : INT32_MAX)) {
    fail(error, "`limit` does not fit into " + std::to_string(bits) + " bits");
    return std::nullopt;
  }
  auto dims = common_dims(operands, error);
  if (!dims)
    return std::nullopt;
  return Types{ir::Type{bits == 16 ? ir::Element::i16 : ir::Element::i32, *dims}};
}

std::optional<Types> dequantize_types(const ir::Op& op, const Types& operands, std::string& error) {
  if (!attributes_fit(op, {{"scale", Kind::number, 1}}, error) || !all_of_element(operands, ir::Element::i32, error))
    return std::nullopt;
  auto dims = common_dims(operands, error);
  if (!dims)
    return std::nullopt;
  return Types{ir::Type{ir::Element::f32, *dims}};
}

} // namespace

const Meaning rows::quantize{quantize_types, nullptr, nullptr};
const Meaning rows::dequantize{dequantize_types, nullptr, nullptr};

} // namespace rvb::ops
