// Kinds of weights as values: binary(alpha), ternary(threshold = 0.7).
#include "layers/broadcast.h"
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

// of = f: what the latent weights go through, a function or a block of one tensor.
bool Elaborator::weights_of(const ast::Argument& argument, Scope& scope, Value& value) {
  const Value of = evaluate(*argument.value, scope);
  if (of.is_error())
    return false;
  if (!of.is(Kind::block) || of.neuron->kind == ast::Item::Kind::cell) {
    report(Code::wrong_type, argument.value->range,
           "`of` must be a function or a block that reads the weights, found " + describe(of));
    return false;
  }
  value.neuron = of.neuron;
  value.weights.of = of.neuron->name.text;
  return true;
}

// binary(alpha), binary(ste = 1.0), ternary(alpha, threshold = 0.7, gain = 0.01), real(of = f)
Value Elaborator::call_weights(const Expr& expr, Scope& scope) {
  Value value;
  value.kind = Kind::weights;
  const bool ternary = expr.callee.text == "ternary", real = expr.callee.text == "real";
  value.weights.kind = ternary ? Weights::Kind::ternary : real ? Weights::Kind::real : Weights::Kind::binary;
  for (const ast::Argument& argument : expr.arguments) {
    const std::string& name = argument.name.text;
    if (name == "of") {
      if (!weights_of(argument, scope, value))
        return {};
      continue;
    }
    if (real) {
      report(Code::unknown_argument, name.empty() ? argument.value->range : argument.name.range,
             "`real` takes `of = FUNCTION` alone", "weights of 32 bits, as they are")
          .help("`binary(alpha)` and `ternary(alpha)` are signs with a factor for every input channel");
      return {};
    }
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
             ternary
                 ? "`ternary` takes `alpha`, `threshold = NUMBER`, `ste = NUMBER`, `gain = NUMBER` and `of = FUNCTION`"
                 : "`binary` takes `alpha`, `ste = NUMBER`, `gain = NUMBER` and `of = FUNCTION`",
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

// The weights of `layer` as a tensor, what the function makes of them, and that as the layer's second input.
bool Elaborator::make_weights(Layer& layer, const Expr& expr, const Value& kind) {
  layers::Fault fault;
  const std::optional<layers::Tensor> output = layer.row->output(program_, layer, fault);
  if (!output) {
    refuse(fault, layer, expr.callee.range);
    return false;
  }
  if (layer.row == &layers::rows::conv2d_transposed) {
    report(Code::wrong_type, expr.range, "`conv2d_transposed` takes its weights as they are", "no `of`");
    return false;
  }
  layer.shape = output->shape;
  const Parameter weight = layer.row->parameters(program_, layer)[0];
  Layer latent;
  latent.row = &layers::rows::latent;
  latent.range = layer.range;
  latent.path = latent.label = layer.path;
  latent.shape = {weight.shape[0]};
  latent.shape.insert(latent.shape.end(), weight.shape.begin() + 2, weight.shape.end());
  latent.shape.push_back(weight.shape[1]);
  latent.has_time = latent.has_batch = false;
  latent.of_signs = weight.binary;
  latent.expression.number = weight.initializer.value;
  layer.latent = latent.shape;
  const Value value = finish(std::move(latent), expr.callee.range);
  if (value.is_error())
    return false;
  Expr call;
  call.kind = Expr::Kind::call;
  call.range = expr.range;
  call.callee = {kind.weights.of, expr.range};
  Scope around;
  around.path = layer.path + ".";
  Actuals actuals{&call, &value, expr.range, {}};
  const Value made = call_block(*kind.neuron, actuals, around);
  if (made.is_error())
    return false;
  const auto fits = [&] {
    const layers::Tensor tensor = tensor_of(made);
    const layers::Tensor whole{layer.latent, false, false, false};
    return !tensor.truth && layers::common({tensor, whole}) == whole;
  };
  if (!made.is(Kind::tensor) || !fits()) {
    report(Code::shapes_differ, expr.range,
           ticked(kind.weights.of) + " must make weights " + text_of(layer.latent) + " of weights, found " +
               (made.is(Kind::tensor) ? text_of(tensor_of(made)) : describe(made)))
        .note("weights are [outputs, kernel..., inputs]");
    return false;
  }
  layer.inputs.push_back(made.layer);
  return true;
}

} // namespace rvb::sema
