#include "call.h"

#include "ir/elementwise.h"

#include <algorithm>
#include <cmath>

namespace rvb::interpreter {

namespace {

constexpr double pi = 3.14159265358979323846;

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

// The surrogate's integral from minus infinity to x.
double smooth_step(const std::string& surrogate, double width, double x) {
  double y = x / width;
  if (surrogate == "rectangle")
    return std::clamp(y + 0.5, 0.0, 1.0);
  if (surrogate == "triangle") {
    double inside = std::clamp(y, -1.0, 1.0);
    return inside < 0 ? (1 + inside) * (1 + inside) / 2 : 1 - (1 - inside) * (1 - inside) / 2;
  }
  if (surrogate == "arctangent")
    return std::atan(pi * y) / pi + 0.5;
  return sigmoid(y);
}

double apply(const ir::Op& op, const Options& options, const double* x) {
  using ir::Elementwise;
  switch (*ir::elementwise_of(op.opcode)) {
  case Elementwise::quantize: {
    // in single precision, as the operator is defined: which whole number is nearest depends on it
    double whole = std::nearbyint(static_cast<float>(x[0]) * static_cast<float>(op.number("scale")));
    double limit = static_cast<double>(op.integer("limit"));
    return std::clamp(whole, -limit, limit);
  }
  case Elementwise::dequantize: return x[0] * static_cast<float>(op.number("scale"));
  case Elementwise::rescale: {
    const int64_t shift = op.integer("shift");
    const int64_t product = static_cast<int64_t>(x[0]) * static_cast<int64_t>(x[1]);
    return static_cast<double>((product + (shift > 0 ? int64_t{1} << (shift - 1) : 0)) >> shift);
  }
  case Elementwise::saturate: {
    const auto limit = static_cast<double>(op.integer("limit"));
    return std::clamp(x[0], -limit, limit);
  }
  case Elementwise::add: return x[0] + x[1];
  case Elementwise::sub: return x[0] - x[1];
  case Elementwise::mul: return x[0] * x[1];
  case Elementwise::div: return x[0] / x[1];
  case Elementwise::min: return x[0] <= x[1] ? x[0] : x[1];
  case Elementwise::max: return x[0] >= x[1] ? x[0] : x[1];
  case Elementwise::neg: return -x[0];
  case Elementwise::abs: return std::fabs(x[0]);
  case Elementwise::exp: return std::exp(x[0]);
  case Elementwise::log: return std::log(x[0]);
  case Elementwise::sqrt: return std::sqrt(x[0]);
  case Elementwise::tanh: return std::tanh(x[0]);
  case Elementwise::sigmoid: return sigmoid(x[0]);
  case Elementwise::atan: return std::atan(x[0]);
  case Elementwise::cos: return std::cos(x[0]);
  case Elementwise::softplus: // log(e^x + e^0), from the larger one
    return x[0] > 0 ? x[0] + std::log(1 + std::exp(-x[0])) : std::log1p(std::exp(x[0]));
  case Elementwise::floor: return options.smooth ? x[0] : std::floor(x[0]);
  case Elementwise::round: return options.smooth ? x[0] : std::nearbyint(x[0]);
  case Elementwise::greater_equal: return x[0] >= x[1];
  case Elementwise::greater: return x[0] > x[1];
  case Elementwise::less_equal: return x[0] <= x[1];
  case Elementwise::less: return x[0] < x[1];
  case Elementwise::logical_and: return x[0] != 0 && x[1] != 0;
  case Elementwise::logical_or: return x[0] != 0 || x[1] != 0;
  case Elementwise::logical_not: return x[0] == 0;
  case Elementwise::select: return x[0] != 0 ? x[1] : x[2];
  case Elementwise::step:
    return options.smooth ? smooth_step(op.text("surrogate"), op.number("width"), x[0]) : (x[0] >= 0 ? 1 : 0);
  case Elementwise::sign: {
    double ste = op.number("ste", 1.0);
    return options.smooth ? std::clamp(x[0], -ste, ste) : (x[0] >= 0 ? 1 : -1);
  }
  case Elementwise::ternary: {
    double ste = op.number("ste", 1.0);
    return options.smooth ? std::clamp(x[0], -ste, ste) : x[0] > x[1] ? 1 : x[0] < -x[1] ? -1 : 0;
  }
  case Elementwise::detach: return x[0];
  }
  return std::nan("");
}

} // namespace

bool evaluate_elementwise(Call& call) {
  if ((ir::info(call.op.opcode).traits & ir::elementwise) == 0)
    return false;
  std::vector<double>& out = call.out[0].data;
  for (size_t i = 0; i < out.size(); ++i) {
    double operands[3] = {};
    for (size_t k = 0; k < call.in.size(); ++k)
      operands[k] = call.in[k].data[i % call.in[k].data.size()]; // the whole tensor, one a channel, or a scalar
    out[i] = apply(call.op, call.options, operands);
  }
  return true;
}

} // namespace rvb::interpreter
