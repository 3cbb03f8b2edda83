// What rows say of operators, held against the values that their rules give: bounds, algebra, forms, orderings.
#include "ops/ops.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace rvb::tests {

namespace {

// An operation of every elementwise operator, with attributes that its rule of values needs.
std::vector<ir::Op> elementwise() {
  std::vector<ir::Op> all;
  for (const ir::OperatorInfo& info : ir::all_operators()) {
    if ((info.traits & ir::elementwise) == 0)
      continue;
    ir::Op op;
    op.opcode = info.opcode;
    op.operands.resize(static_cast<size_t>(info.operands), ir::Operand::literal(0));
    op.attributes = {{"bits", int64_t{32}}, {"limit", int64_t{100}}, {"scale", 2.0}, {"shift", int64_t{1}}};
    all.push_back(op);
  }
  return all;
}

class Meanings : public testing::TestWithParam<ir::Op> {
protected:
  Meanings() : meaning_(ops::meaning(GetParam().opcode)) {}

  // Reals; masks where the form is of masks.
  double operand(size_t index) {
    const bool mask = meaning_.form == ops::Form::logic || (meaning_.form == ops::Form::selection && index == 0);
    if (mask)
      return static_cast<double>(random_() % 2);
    return random_() % 8 == 0 ? 0 : std::uniform_real_distribution<double>(-4, 4)(random_);
  }
  double value(std::vector<double> x) const {
    x.resize(3);
    return meaning_.value(GetParam(), x.data());
  }
  std::vector<double> operands() {
    std::vector<double> x;
    for (size_t i = 0; i < GetParam().operands.size(); ++i)
      x.push_back(operand(i));
    return x;
  }

  const ops::Meaning& meaning_;
  std::mt19937 random_{7};
};

TEST_P(Meanings, BoundsHold) {
  ASSERT_NE(meaning_.value, nullptr);
  for (int round = 0; round < 500; ++round) {
    std::vector<double> low = operands(), high = operands();
    ops::Interval intervals[3];
    for (size_t i = 0; i < low.size(); ++i) {
      if (low[i] > high[i] || round % 4 == 0)
        std::swap(low[i], high[i]);
      if (low[i] > high[i] || round % 5 == 0)
        high[i] = low[i];
      intervals[i] = {static_cast<float>(low[i]), static_cast<float>(high[i])};
    }
    const ops::Interval bounds = ops::bounds(GetParam().opcode, intervals);
    for (int inside = 0; inside < 10; ++inside) {
      std::vector<double> x;
      for (size_t i = 0; i < low.size(); ++i)
        x.push_back(
            std::min(intervals[i].high, intervals[i].low + std::uniform_real_distribution<float>(0, 1)(random_) *
                                                               (intervals[i].high - intervals[i].low)));
      const double y = value(x);
      if (std::isnan(y))
        continue;
      EXPECT_GE(static_cast<float>(y), bounds.low);
      EXPECT_LE(static_cast<float>(y), bounds.high);
    }
  }
}

TEST_P(Meanings, AlgebraHolds) {
  const ops::Algebra& algebra = meaning_.algebra;
  for (int round = 0; round < 100; ++round) {
    const double x = operand(1);
    if (algebra.left) {
      EXPECT_EQ(value({*algebra.left, x}), x);
    }
    if (algebra.right) {
      EXPECT_EQ(value({x, *algebra.right}), x);
    }
    if (algebra.absorbing) {
      EXPECT_EQ(value({x, *algebra.absorbing}), *algebra.absorbing);
      EXPECT_EQ(value({*algebra.absorbing, x}), *algebra.absorbing);
    }
    if (algebra.of_equals) {
      EXPECT_EQ(value({x, x}), *algebra.of_equals);
    }
    if (algebra.idempotent) {
      EXPECT_EQ(value({x, x}), x);
    }
    if (algebra.involution) {
      EXPECT_EQ(value({value({x})}), x);
    }
  }
}

// Under a positive factor of the operands, a power of two, so that nothing rounds.
TEST_P(Meanings, FormsHold) {
  for (int round = 0; round < 100; ++round) {
    const std::vector<double> x = operands();
    std::vector<double> scaled = x;
    for (double& each : scaled)
      each *= 4;
    const double y = value(x);
    switch (meaning_.form) {
    case ops::Form::identity: EXPECT_EQ(y, x[0]); break;
    case ops::Form::negation: EXPECT_EQ(y, -x[0]); break;
    case ops::Form::magnitude: EXPECT_EQ(y, std::fabs(x[0])); break;
    case ops::Form::sum: EXPECT_EQ(value(scaled), 4 * y); break;
    case ops::Form::extreme:
      EXPECT_EQ(value(scaled), 4 * y);
      EXPECT_TRUE(y == x[0] || y == x[1]);
      break;
    case ops::Form::product: EXPECT_EQ(value({4 * x[0], x[1]}), 4 * y); break;
    case ops::Form::quotient:
      if (x[1] != 0) {
        EXPECT_EQ(value({4 * x[0], x[1]}), 4 * y);
      }
      break;
    case ops::Form::comparison: {
      EXPECT_EQ(value(scaled), y);
      const ops::Ordering ordering = ops::ordering(GetParam().opcode);
      const double left = ordering.swapped ? x[1] : x[0], right = ordering.swapped ? x[0] : x[1];
      EXPECT_EQ(y != 0, ordering.strict ? left > right : left >= right);
      EXPECT_EQ(value({1, 1}) != 0, !ordering.strict);
      break;
    }
    case ops::Form::threshold: EXPECT_EQ(y, value({x[0] >= 0 ? 1.0 : -1.0})); break;
    case ops::Form::selection: EXPECT_EQ(y, x[0] != 0 ? x[1] : x[2]); break;
    case ops::Form::logic: EXPECT_TRUE(y == 0 || y == 1); break;
    case ops::Form::quantize: EXPECT_EQ(y, std::nearbyint(2 * static_cast<float>(x[0]))); break;
    case ops::Form::dequantize: EXPECT_EQ(y, 2.0 * static_cast<float>(x[0])); break;
    case ops::Form::opaque: break;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Operators, Meanings, testing::ValuesIn(elementwise()),
                         [](const auto& info) { return std::string(ir::info(info.param.opcode).name); });

} // namespace

} // namespace rvb::tests
