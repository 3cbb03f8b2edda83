#include "ops/rules.h"

#include <cmath>

namespace rvb::ops {

namespace {

using namespace ir;

std::optional<double> rounded(Element element, double value) {
  switch (element) {
  case Element::f32: return static_cast<float>(value);
  case Element::boolean: return value != 0 ? 1 : 0;
  case Element::i32:
  case Element::i16: {
    if (!(std::fabs(value) < 0x1p62))
      return std::nullopt;
    const auto whole = static_cast<int64_t>(value);
    return element == Element::i32 ? static_cast<double>(static_cast<int32_t>(whole))
                                   : static_cast<double>(static_cast<int16_t>(whole));
  }
  case Element::u32: return std::nullopt;
  }
  return std::nullopt;
}

} // namespace

std::optional<double> evaluate(const ir::Op& op, ir::Element result, const double* operands) {
  const ValueRule rule = meaning(op.opcode).value;
  return rule == nullptr ? std::nullopt : rounded(result, rule(op, operands));
}

std::optional<ir::Op> on_one_step(const ir::Op& op, const std::vector<ir::Type>& operands) {
  if (const StepRule rule = meaning(op.opcode).step)
    return rule(op, operands);
  return (info(op.opcode).traits & linear_time) != 0 ? std::optional(op) : std::nullopt;
}

Interval bounds(ir::Opcode opcode, const Interval* operands) {
  const BoundsRule rule = meaning(opcode).bounds;
  return rule == nullptr ? Interval{} : rule(operands);
}

Ordering ordering(ir::Opcode comparison) {
  ir::Op op;
  op.opcode = comparison;
  const double equal[2] = {0, 0}, rising[2] = {0, 1};
  const ValueRule holds = meaning(comparison).value;
  return {holds(op, rising) != 0, holds(op, equal) == 0};
}

const Meaning& meaning(ir::Opcode opcode) {
  static const Meaning* const table[] = {
#define RVB_OPERATOR(name, operands, results, traits) &rows::name,
#include "ir/operators.def"
#undef RVB_OPERATOR
  };
  return *table[static_cast<int>(opcode)];
}

} // namespace rvb::ops
