// constant, count, fill and index: they read no values. A constant's type is the module's; see infer.cpp.
#include "ops/rules.h"

namespace rvb::ops {

namespace {

std::optional<Types> constant_types(const ir::Op&, const Types&, std::string& error) {
  error = "the type of a constant is known to its module alone (Builder::constant)";
  return std::nullopt;
}

std::optional<Types> count_types(const ir::Op& op, const Types&, std::string& error) {
  if (!attributes_fit(op, {{"per_sample", Kind::integer, 1}}, error))
    return std::nullopt;
  return Types{ir::Type{}};
}

std::optional<Types> fill_types(const ir::Op& op, const Types&, std::string& error) {
  if (!attributes_fit(op, {{"dims", Kind::list, ir::batch}, {"value", Kind::number}}, error))
    return std::nullopt;
  return Types{ir::Type{ir::Element::f32, op.integers("dims")}};
}

std::optional<Types> index_types(const ir::Op& op, const Types&, std::string& error) {
  if (!attributes_fit(op, {{"size", Kind::integer, 1}}, error))
    return std::nullopt;
  return Types{ir::Type{ir::Element::f32, {op.integer("size")}}};
}

} // namespace

const Meaning rows::constant{constant_types, nullptr, nullptr};
const Meaning rows::count{count_types, nullptr, nullptr};
const Meaning rows::fill{fill_types, nullptr, nullptr};
const Meaning rows::index{index_types, nullptr, nullptr};

} // namespace rvb::ops
