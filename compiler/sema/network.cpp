#include "sema/elaborate.h"
#include "support/text.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace rvb::sema {

using Kind = Value::Kind;

bool Elaborator::input(const ast::Item& network, Scope& scope) {
  constexpr int64_t most_steps = 1 << 16;
  const ast::InputSteps& given = network.input;
  const Value shape = evaluate(*network.shape, scope), steps = evaluate(*given.steps, scope);
  const std::optional<bool> as_written =
      given.condition ? truth(evaluate(*given.condition, scope), given.condition->range) : true;
  const ast::Name& name = network.parameters[0].name;
  bool ok = !shape.is_error() && !steps.is_error() && as_written;
  if (!shape.is_error()) {
    const bool fits = shape.is(Kind::list) && !shape.list->empty() && shape.list->size() <= Limits::dimensions;
    if (!fits) {
      ok = false;
      report(Code::bad_input, network.shape->range,
             "the input's shape must have 1 to " + std::to_string(Limits::dimensions) +
                 " dimensions, such as [channels, height, width] or [features]",
             "found " + describe(shape));
    } else {
      for (size_t i = 0; i < shape.list->size(); ++i) {
        const Value& extent = (*shape.list)[i];
        const bool good = extent.is(Kind::integer) && extent.integer >= 1 && extent.integer <= Limits::elements;
        if (!good)
          report(Code::bad_input,
                 network.shape->kind == ast::Expr::Kind::list ? network.shape->operands[i]->range
                                                              : network.shape->range,
                 "a side of the input's shape is " + describe(extent),
                 "must be an integer from 1 to " + std::to_string(Limits::elements));
        ok &= good;
        program_.input.shape.push_back(good ? extent.integer : 1);
      }
    }
  }
  if (!steps.is_error() && (!steps.is(Kind::integer) || steps.integer < 1 || steps.integer > most_steps)) {
    ok = false;
    report(Code::bad_input, given.steps->range, "the number of time steps is " + describe(steps),
           "must be an integer from 1 to " + std::to_string(most_steps));
  }
  if (!ok)
    return false;
  program_.input.name = name.text;
  program_.input.sequence = given.sequence == *as_written;
  program_.input.steps = steps.integer;
  Layer layer;
  layer.row = &layers::rows::input;
  layer.label = name.text;
  layer.shape = program_.input.shape;
  layer.range = name.range;
  const Value value = append(std::move(layer));
  if (!value.is_error())
    scope.first = value;
  scope.names[name.text] = value;
  return !value.is_error();
}

bool Elaborator::output(const ast::Item& network, const Scope& scope) {
  if (!scope.result) {
    if (!scope.unsure && !stopped_)
      report(Code::missing_return, network.name.range, "the network " + ticked(network.name.text) + " returns nothing",
             "no `return` was reached");
    return false;
  }
  const Value& value = *scope.result;
  if (value.is_error())
    return false;
  Range range = network.name.range;
  if (!value.is(Kind::tensor)) {
    report(Code::bad_output, range, "the network must return a tensor, found " + describe(value));
    return false;
  }
  const Layer& layer = program_.layers[static_cast<size_t>(value.layer)];
  range = layer.range;
  if (layer.shape.size() != 1) {
    report(Code::bad_output, range, "the network must return one number per class, found " + text_of(layer.shape),
           "produces " + text_of(layer.shape))
        .note("shapes so far: " + shapes_so_far(value.layer))
        .help(std::string("end it with `|> flatten |> linear(classes)") +
              (layer.has_time ? " |> mean_over_time`" : "`"));
    return false;
  }
  if (layer.has_time) {
    report(Code::time_remains, range, "the network's output still has time steps",
           "produces " + text_of(layer.shape) + " at each step")
        .note("shapes so far: " + shapes_so_far(value.layer))
        .help("end it with `|> mean_over_time`");
    return false;
  }
  program_.output = value.layer;
  program_.classes = layer.shape[0];
  return true;
}

// Whether training learns classes or numbers: what the loss reads of the data.
void Elaborator::find_task() {
  const Layer& output = program_.layers[static_cast<size_t>(program_.output)];
  const Layer* of[2] = {nullptr, nullptr}; // layers that read classes, numbers
  for (const Layer& layer : program_.layers)
    if (layer.row->reads_labels)
      of[layer.row->reads_numbers ? 1 : 0] = &layer;
  if (of[0] != nullptr && of[1] != nullptr) {
    report(Code::misplaced_statement, of[1]->range, "the loss reads both classes and numbers of the data",
           ticked(of[0]->label) + " reads classes, " + ticked(of[1]->label) + " numbers")
        .help("samples have either: use `targets(logits)`, or `mse(y, target_values(y))`");
    return;
  }
  program_.regression = program_.loss < 0 ? program_.recipe.loss.is("mse") : of[1] != nullptr;
  if (of[1] != nullptr && of[1]->shape != output.shape)
    report(Code::shapes_differ, of[1]->range,
           "the data has numbers as the network returns them, " + text_of(output.shape) + ", and these are to be " +
               text_of(of[1]->shape),
           "another shape than that of the network's output");
  if (program_.classes == 1 && !program_.regression)
    report(Code::one_class, output.range, "the network returns one number, so it has one class", "nothing to decide")
        .help("a question of yes or no has two: `linear(2)`; a number is learned with `loss = mse`");
}

// Layers that nothing reads are left out, with a warning for the last one of each dead branch.
void Elaborator::drop_unused() {
  std::vector<Layer>& layers = program_.layers;
  std::vector<bool> used(layers.size(), false), read(layers.size(), false);
  used[static_cast<size_t>(program_.output)] = true;
  used[0] = true;
  const auto mark = [&] {
    for (size_t i = layers.size(); i > 0; --i)
      for (const int source : layers[i - 1].inputs)
        if (used[i - 1])
          used[static_cast<size_t>(source)] = true;
  };
  mark();
  for (size_t i = 0; i < layers.size(); ++i) {
    layers[i].for_loss = !used[i];
    if (used[i])
      check_for_loss(layers[i]);
  }
  if (program_.loss >= 0)
    used[static_cast<size_t>(program_.loss)] = true;
  for (size_t i = layers.size(); i > 0; --i)
    for (const int source : layers[i - 1].inputs) {
      read[static_cast<size_t>(source)] = true;
      if (used[i - 1])
        used[static_cast<size_t>(source)] = true;
    }
  std::vector<int> place(layers.size(), -1), neuron_place(program_.neurons.size(), -1);
  std::vector<Layer> kept;
  std::vector<Neuron> neurons;
  for (size_t i = 0; i < layers.size(); ++i) {
    Layer& layer = layers[i];
    if (!used[i]) {
      if (!read[i] && layer.row != &layers::rows::latent)
        report(Code::unused_layer, layer.range, ticked(layer.label) + " does not reach the network's output",
               "its result is not used")
            .note("it is left out of the program");
      continue;
    }
    place[i] = static_cast<int>(kept.size());
    for (int& source : layer.inputs)
      source = place[static_cast<size_t>(source)];
    if (layer.neuron >= 0) {
      int& index = neuron_place[static_cast<size_t>(layer.neuron)];
      if (index < 0) {
        index = static_cast<int>(neurons.size());
        neurons.push_back(std::move(program_.neurons[static_cast<size_t>(layer.neuron)]));
      }
      layer.neuron = index;
    }
    kept.push_back(std::move(layer));
  }
  program_.output = place[static_cast<size_t>(program_.output)];
  if (program_.loss >= 0)
    program_.loss = place[static_cast<size_t>(program_.loss)];
  layers = std::move(kept);
  program_.neurons = std::move(neurons);
}

// What the layers learn, under names of files of weights.
void Elaborator::make_parameters() {
  int64_t total = 0;
  std::set<std::string> names;
  for (size_t i = 0; i < program_.layers.size(); ++i) {
    const Layer& layer = program_.layers[i];
    if (layer.row->parameters == nullptr)
      continue;
    for (Parameter& parameter : layer.row->parameters(program_, layer)) {
      if (elements(parameter.shape) > Limits::elements) {
        report(Code::too_large, layer.range,
               "this layer's weights " + text_of(parameter.shape) + " have more than 2^28 elements", "too large");
        return;
      }
      parameter.layer = static_cast<int>(i);
      parameter.name = parameter.name.empty() ? layer.path : layer.path + "." + parameter.name;
      if (!names.insert(parameter.name).second)
        report(Code::duplicate_layer_name, layer.range, "two parameters are called " + ticked(parameter.name),
               "this layer's, and that of another layer whose name ends in a number")
            .help("choose another name after `as`");
      total += elements(parameter.shape);
      parameter.trainable &= layer.teacher < 0;
      (layer.teacher < 0 ? program_.parameters : program_.frozen).push_back(std::move(parameter));
    }
    if (total > Limits::parameters) {
      report(Code::too_large, layer.range, "the model has more than 2^31 parameters", "at this layer");
      return;
    }
  }
}

// A neuron of the main file that nobody uses yet is checked with its defaults.
void Elaborator::check_unused_neurons() {
  const size_t kept = program_.neurons.size();
  for (const ast::File& file : modules_.files)
    for (const ast::Item& item : file.items) {
      if (item.kind != ast::Item::Kind::neuron || &file != &modules_.files.front() || used_neurons_.count(&item) != 0)
        continue;
      Scope scope;
      std::vector<Value> arguments;
      for (const ast::Parameter& parameter : item.parameters) {
        Value value = parameter.value ? evaluate(*parameter.value, scope) : Value();
        scope.names[parameter.name.text] = value;
        if (!value.is_error())
          arguments.push_back(std::move(value));
      }
      if (arguments.size() == item.parameters.size())
        neuron_index(item, arguments);
    }
  program_.neurons.resize(kept);
}

std::optional<Program> Elaborator::run() {
  const ast::Item* network = modules_.network;
  if (network == nullptr) {
    report(Code::one_network, {modules_.files.front().file, 0, 0}, "this file defines no network",
           "expected a `network Name(image: [C, H, W] repeated T) { ... }`");
    check_unused_neurons();
    return std::nullopt;
  }
  program_.name = network->name.text;
  Scope scope;
  const bool has_input = input(*network, scope);
  if (!has_input)
    scope.names[network->parameters[0].name.text] = Value();
  execute(network->body, scope);
  const bool has_output = output(*network, scope) && has_input;
  find_loss(scope);
  check_unused_neurons();
  read_recipe();
  if (!has_output || stopped_ || diagnostics_.has_errors())
    return std::nullopt;
  drop_unused();
  find_task();
  make_parameters();
  return diagnostics_.has_errors() ? std::nullopt : std::optional<Program>(std::move(program_));
}

} // namespace rvb::sema
