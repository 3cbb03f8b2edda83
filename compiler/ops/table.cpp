#include "ir/elementwise.h"
#include "ops/rules.h"

#include <cmath>

namespace rvb::ops {

namespace {

using namespace ir;

constexpr unsigned traits_of[] = {
#define RVB_OPERATOR(name, operands, results, traits) traits,
#include "ir/operators.def"
#undef RVB_OPERATOR
};

constexpr bool elementwise_rows_are_listed() {
  size_t listed = 0, rows = 0;
#define RVB_ELEMENTWISE(name) listed += (traits_of[static_cast<size_t>(Opcode::name)] & elementwise) != 0 ? 1 : 1000;
#include "ir/elementwise.def"
#undef RVB_ELEMENTWISE
  for (unsigned traits : traits_of)
    rows += (traits & elementwise) != 0;
  return listed == rows;
}
static_assert(elementwise_rows_are_listed(), "elementwise.def has the rows of operators.def with this trait");

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

const Meaning& meaning(ir::Opcode opcode) {
  static const Meaning* const table[] = {
#define RVB_OPERATOR(name, operands, results, traits) &rows::name,
#include "ir/operators.def"
#undef RVB_OPERATOR
  };
  return *table[static_cast<int>(opcode)];
}

} // namespace rvb::ops
