// dropout_mask and random: numbers as a function of a key, so that a step can be repeated bit for bit.
#include "ir/text.h"
#include "ops/rules.h"

namespace rvb::ops {

namespace {

// The key is [seed, step]; `operation` tells the draws of a program apart.
std::optional<Types> drawn_types(const ir::Op& op, const Types& operands, std::string& error) {
  if (operands[0] != ir::Type{ir::Element::i32, {2}}) {
    error = "the key has type " + ir::print(operands[0]) + ", expected i32[2]";
    return std::nullopt;
  }
  return Types{ir::Type{ir::Element::f32, op.integers("dims")}};
}

std::optional<Types> mask_types(const ir::Op& op, const Types& operands, std::string& error) {
  if (!attributes_fit(op, {{"dims", Kind::list, ir::batch}, {"operation", Kind::integer, 0}, {"rate", Kind::number}},
                      error))
    return std::nullopt;
  std::optional<Types> result = drawn_types(op, operands, error);
  if (!result)
    return std::nullopt;
  if (const double rate = op.number("rate"); rate < 0 || rate >= 1) {
    error = "`rate` is to be at least 0 and below 1";
    return std::nullopt;
  }
  if ((*result)[0].dims.empty() || (*result)[0].dims[0] != ir::batch) {
    error = "the first of `dims` is to be the batch";
    return std::nullopt;
  }
  return result;
}

std::optional<Types> random_types(const ir::Op& op, const Types& operands, std::string& error) {
  if (!attributes_fit(op, {{"dims", Kind::list, ir::batch}, {"operation", Kind::integer, 0}}, error))
    return std::nullopt;
  std::optional<Types> result = drawn_types(op, operands, error);
  if (result && (*result)[0].has_batch() && (*result)[0].dims[0] != ir::batch) {
    error = "the batch is to be the first of `dims`";
    return std::nullopt;
  }
  return result;
}

} // namespace

// No gradient: nothing is learned of a key.
const Meaning rows::dropout_mask{mask_types, nullptr, nullptr};
const Meaning rows::random{random_types, nullptr, nullptr};

} // namespace rvb::ops
