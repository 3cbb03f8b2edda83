#include "sema/elaborate.h"
#include "support/text.h"

namespace rvb::sema {

using ast::Expr;

// The way from the input to `layer`, along first inputs; the middle of a long way is left out.
std::string Elaborator::shapes_so_far(int layer) const {
  constexpr size_t most = 6;
  std::vector<std::string> steps;
  for (int at = layer; at >= 0;) {
    const Layer& here = program_.layers[static_cast<size_t>(at)];
    const bool last = here.inputs.empty();
    if (steps.size() < most || last)
      steps.push_back(printable(here.label, 40) + " " + text_of(here.shape) + (here.has_time ? "" : " without time"));
    else if (steps.size() == most)
      steps.push_back("...");
    at = last ? -1 : here.inputs[0];
    if (steps.size() > most && at > 0)
      at = 0; // straight to the input
  }
  std::string text;
  for (size_t i = steps.size(); i > 0; --i)
    text += (text.empty() ? "" : " -> ") + steps[i - 1];
  return text;
}

// `as name`, with the numbers of the `repeat`s around; or the operator's name, conv2d, conv2d_2, …
std::string Elaborator::layer_name(const Expr& expr, const std::string& base, Scope& scope) {
  std::string name = base;
  Range range = expr.callee.range;
  if (!expr.instance.empty()) {
    range = expr.instance.range;
    name = expr.instance.text;
    for (const int64_t i : scope.repeats)
      name += "." + std::to_string(i);
    if (!scope.taken.insert(name).second)
      report(Code::duplicate_layer_name, range, "two layers are called " + ticked(scope.path + name), "again here")
          .label(scope.places[name], "first used here")
          .note("layer names are the names of parameters in files of weights, so each must be unique")
          .help("choose another name after `as`");
  } else {
    int& count = scope.counters[base];
    do {
      ++count;
      name = count == 1 ? base : base + "_" + std::to_string(count);
    } while (!scope.taken.insert(name).second);
  }
  scope.places[name] = range;
  if (scope.path.size() + name.size() > Limits::path)
    stop(Code::too_large, range, "the path of a layer has more than " + std::to_string(Limits::path) + " bytes",
         "this name is added to it");
  return scope.path + name;
}

Value Elaborator::append(Layer layer) {
  if (static_cast<int64_t>(program_.layers.size()) >= Limits::layers) {
    stop(Code::too_much_work, layer.range, "a network of more than " + std::to_string(Limits::layers) + " layers",
         "this one is too many");
    return {};
  }
  Shape whole = layer.shape;
  whole.push_back(layer.has_time || cell_ >= 0 ? program_.input.steps : 1);
  if (elements(whole) > Limits::elements) {
    report(Code::too_large, layer.range,
           "this layer's output " + text_of(layer.shape) + " over " + std::to_string(whole.back()) +
               " steps has more than 2^28 elements",
           "too large");
    return {};
  }
  layer.cell = cell_;
  layer.teacher = teacher_;
  program_.layers.push_back(std::move(layer));
  return Value::of_layer(static_cast<int>(program_.layers.size()) - 1);
}

// A layer's refusal as a diagnostic.
void Elaborator::refuse(const layers::Fault& fault, const Layer& layer, Range name) {
  Diagnostic& diagnostic = report(fault.code, fault.at_name ? name : layer.range, fault.message, fault.label);
  const bool several = layer.inputs.size() > 1;
  if (fault.shows_inputs)
    for (size_t i = 0; i < layer.inputs.size(); ++i) {
      const Layer& source = program_.input_of(layer, static_cast<int>(i));
      diagnostic.label(source.range, "produces " + (several ? text_of(source.tensor()) : text_of(source.shape)));
    }
  if (fault.shows_way)
    for (size_t i = 0; i < layer.inputs.size(); ++i)
      diagnostic.note((!several ? "shapes so far: " : i == 0 ? "left: " : "right: ") + shapes_so_far(layer.inputs[i]));
  if (!fault.note.empty())
    diagnostic.note(fault.note);
  if (!fault.help.empty())
    diagnostic.help(fault.help);
}

// `layer` with its inputs and arguments: its shape, and a place in the network.
Value Elaborator::finish(Layer layer, Range name) {
  layers::Fault fault;
  layer.cell = cell_;
  const std::optional<layers::Tensor> output =
      layer.row->output != nullptr ? layer.row->output(program_, layer, fault) : program_.input_of(layer).tensor();
  if (!output) {
    refuse(fault, layer, name);
    return {};
  }
  layer.shape = output->shape;
  layer.has_time = output->has_time;
  layer.has_batch = output->has_batch;
  layer.truth = output->truth;
  if (layer.row->reads_sizes)
    layer.inputs.clear();
  return append(std::move(layer));
}

Value Elaborator::add_tensors(int a, int b, Range range, Scope& scope) {
  Layer layer;
  layer.row = &layers::rows::add;
  layer.inputs = {a, b};
  layer.range = range;
  layer.label = scope.path + "add";
  return finish(std::move(layer), range);
}

Value Elaborator::call_layer(const layers::Row& row, const Expr& expr, const Bound& bound, Scope& scope) {
  Layer layer;
  layer.row = &row;
  layer.range = expr.range;
  layer.path = layer.label = layer_name(expr, row.name, scope);
  if (!read_arguments(layer, expr, bound) || stopped_)
    return {};
  for (const std::optional<Value>& value : bound.values)
    if (value && value->is(Value::Kind::weights) && value->neuron != nullptr && !make_weights(layer, expr, *value))
      return {};
  return finish(std::move(layer), expr.callee.range);
}

} // namespace rvb::sema
