// Kinds of weights as values: binary(alpha), ternary(threshold = 0.7).
#include "sema/elaborate.h"
#include "support/text.h"

#include <algorithm>
#include <iterator>

namespace rvb::sema {

using ast::Expr;
using Kind = Value::Kind;

namespace {

// The numbers that kinds of weights take by name.
struct WeightsOption {
  const char* name;
  double Weights::*number;
  bool ternary_only;
  double least, most;
  const char* meaning;
};
constexpr WeightsOption weights_options[] = {
    {"ste", &Weights::ste, false, 1e-6, 1e12, "the window of the straight-through estimator"},
    {"gain", &Weights::gain, false, 1e-6, 1e6, "a factor on the standard deviation of the initial latent weights"},
    {"threshold", &Weights::threshold, true, 1e-6, 1e6, "weights within this share of the mean magnitude are 0"},
};

} // namespace

// binary(alpha), binary(ste = 1.0), ternary(alpha, threshold = 0.7, gain = 0.01)
Value Elaborator::call_weights(const Expr& expr, Scope& scope) {
  Value value;
  value.kind = Kind::weights;
  const bool ternary = expr.callee.text == "ternary";
  value.weights.kind = ternary ? Weights::Kind::ternary : Weights::Kind::binary;
  for (const ast::Argument& argument : expr.arguments) {
    const std::string& name = argument.name.text;
    if (name.empty() && argument.value->kind == Expr::Kind::name && argument.value->text == "alpha") {
      value.weights.alpha = true;
      continue;
    }
    const auto* option =
        std::find_if(std::begin(weights_options), std::end(weights_options),
                     [&](const WeightsOption& o) { return name == o.name && (ternary || !o.ternary_only); });
    if (name == "alpha") {
      report(Code::unknown_argument, argument.name.range, "`alpha` is given no value", "it stands alone")
          .help("write " + ticked(expr.callee.text + "(alpha)"));
      return {};
    }
    if (option == std::end(weights_options)) {
      report(Code::unknown_argument, name.empty() ? argument.value->range : argument.name.range,
             ternary ? "`ternary` takes `alpha`, `threshold = NUMBER`, `ste = NUMBER` and `gain = NUMBER`"
                     : "`binary` takes `alpha`, `ste = NUMBER` and `gain = NUMBER`",
             "unknown");
      return {};
    }
    const Value number = evaluate(*argument.value, scope);
    if (number.is_error())
      return {};
    if (!number.is_number() || !(number.number >= option->least && number.number <= option->most)) {
      report(Code::bad_value, argument.value->range,
             ticked(name) + " must be a number from " + text_of(option->least) + " to " + text_of(option->most) +
                 ", found " + describe(number),
             option->meaning);
      return {};
    }
    value.weights.*option->number = number.number;
  }
  return no_instance(expr) ? value : Value();
}

} // namespace rvb::sema
