#include "kernels/elementwise.h"

#include "ir/elementwise.h"
#include "support/result.h"

#include <algorithm>
#include <cmath>

namespace rvb::kernels {

using Halide::cast;
using Halide::Expr;
using ir::Elementwise;

Expr literal(double number) {
  return Expr(static_cast<float>(number));
}

Expr from_memory(const Expr& value, ir::Element element) {
  return element == ir::Element::boolean ? value != cast<uint8_t>(0) : value;
}

Expr to_memory(const Expr& value, ir::Element element) {
  return element == ir::Element::boolean ? cast<uint8_t>(value) : value;
}

namespace {

Expr sigmoid(const Expr& x) {
  return 1.0f / (1.0f + exp(-x));
}

// tanh through exp of a negative number, which cannot overflow; near 0, where that cancels, by its odd series.
Expr tanh_of(const Expr& x) {
  Expr e = exp(-2.0f * abs(x));
  Expr away = (1.0f - e) / (1.0f + e);
  Expr s = x * x;
  // |x| < 0.25: the next term, 1382/155925 x^10, is below 1e-8.
  Expr near = x * (1.0f + s * (-1.0f / 3 + s * (2.0f / 15 + s * (-17.0f / 315 + s * (62.0f / 2835)))));
  return select(abs(x) < 0.25f, near, select(x < 0.0f, -away, away));
}

// log(1 + exp(x)) through exp of a negative number, which cannot overflow; where that is small, by the series of
// log(1 + e), which keeps what 1 + e would round away.
Expr softplus(const Expr& x) {
  Expr e = exp(-abs(x));
  // e < 1/16: the next term, e^6 / 7, is below 1e-8.
  Expr series = e * (1.0f + e * (-1.0f / 2 + e * (1.0f / 3 + e * (-1.0f / 4 + e * (1.0f / 5 + e * (-1.0f / 6))))));
  return max(x, 0.0f) + select(e < 0.0625f, series, log(1.0f + e));
}

// The surrogate of step's derivative, OPERATORS.md; the forward value is a step.
Expr step(const Expr& x) {
  return select(x >= 0.0f, 1.0f, 0.0f);
}

// round(x m / 2^shift), halves upwards. By 1 it needs no wider product: the last bit that goes decides.
Expr rescale(const Expr& x, const Expr& m, int shift) {
  if (shift > 0 && is_const_one(m))
    return ((x >> (shift - 1)) + 1) >> 1;
  Expr product = cast<int64_t>(x) * cast<int64_t>(m);
  if (shift > 0)
    product = (product + Halide::Internal::make_const(Halide::Int(64), int64_t{1} << (shift - 1))) >> shift;
  return cast<int32_t>(product);
}

// Literals are whole where the other operands are.
std::vector<Expr> of_one_kind(const ir::Op& op, std::vector<Expr> x) {
  auto whole = [](const Expr& e) { return e.type().is_int() && e.type().bits() == 32; };
  if (std::any_of(x.begin(), x.end(), whole))
    for (size_t i = 0; i < x.size(); ++i)
      if (op.operands[i].is_literal())
        x[i] = cast<int32_t>(x[i]);
  return x;
}

} // namespace

Expr lower(const ir::Op& op, const std::vector<Expr>& operands) {
  const std::vector<Expr> x = of_one_kind(op, operands);
  const std::optional<Elementwise> which = ir::elementwise_of(op.opcode);
  if (!which)
    throw Failure(Exit::internal, std::string("operator `") + ir::info(op.opcode).name + "` is not elementwise");
  switch (*which) {
  case Elementwise::quantize: {
    Expr limit = static_cast<float>(op.integer("limit"));
    Expr whole = clamp(round(x[0] * static_cast<float>(op.number("scale"))), -limit, limit);
    return op.integer("bits") == 16 ? cast<int16_t>(whole) : cast<int32_t>(whole);
  }
  case Elementwise::dequantize: return cast<float>(x[0]) * static_cast<float>(op.number("scale"));
  case Elementwise::rescale: return rescale(x[0], x[1], static_cast<int>(op.integer("shift")));
  case Elementwise::saturate: {
    const int limit = static_cast<int>(op.integer("limit"));
    Expr held = clamp(x[0], -limit, limit);
    return op.integer("bits") == 16 ? cast<int16_t>(held) : held;
  }
  case Elementwise::add: return x[0] + x[1];
  case Elementwise::sub: return x[0] - x[1];
  case Elementwise::mul: return x[0] * x[1];
  case Elementwise::div: return x[0] / x[1];
  case Elementwise::min: return min(x[0], x[1]);
  case Elementwise::max: return max(x[0], x[1]);
  case Elementwise::neg: return -x[0];
  case Elementwise::abs: return cast(x[0].type(), abs(x[0]));
  case Elementwise::exp: return exp(x[0]);
  case Elementwise::log: return log(x[0]);
  case Elementwise::sqrt: return sqrt(x[0]);
  case Elementwise::tanh: return tanh_of(x[0]);
  case Elementwise::sigmoid: return sigmoid(x[0]);
  case Elementwise::atan: return atan(x[0]);
  case Elementwise::cos: return cos(x[0]);
  case Elementwise::softplus: return softplus(x[0]);
  case Elementwise::floor: return floor(x[0]);
  case Elementwise::round: return round(x[0]); // ties to even
  case Elementwise::greater_equal: return x[0] >= x[1];
  case Elementwise::greater: return x[0] > x[1];
  case Elementwise::less_equal: return x[0] <= x[1];
  case Elementwise::less: return x[0] < x[1];
  case Elementwise::logical_and: return x[0] && x[1];
  case Elementwise::logical_or: return x[0] || x[1];
  case Elementwise::logical_not: return !x[0];
  case Elementwise::select: return select(x[0], x[1], x[2]);
  case Elementwise::step: return step(x[0]);
  case Elementwise::sign: return select(x[0] >= 0.0f, 1.0f, -1.0f);
  case Elementwise::ternary: return select(x[0] > x[1], 1.0f, select(x[0] < -x[1], -1.0f, 0.0f));
  case Elementwise::detach: return x[0];
  }
  return {};
}

} // namespace rvb::kernels
