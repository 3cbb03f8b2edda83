// What a program can show of itself, for the manifest: every neuron with its spikes and membranes, and every synaptic
// layer with what enters it, so that the runtime can count operations without knowing layers.
#include "build/manifest.h"
#include "layers/layer.h"
#include "sema/program.h"

#include <algorithm>
#include <vector>

namespace rvb::build {

using nlohmann::ordered_json;

namespace {

int64_t multiplications(const sema::Expression& expression) {
  int64_t count = expression.operation == "mul" || expression.operation == "div" ? 1 : 0;
  for (const sema::Expression& operand : expression.operands)
    count += multiplications(operand);
  return count;
}

// Of every layer: whether a neuron stands somewhere before it. Once for all, for joins double the ways back.
std::vector<bool> behind_neurons(const sema::Program& program) {
  std::vector<bool> behind;
  for (const sema::Layer& layer : program.layers)
    behind.push_back(std::any_of(layer.inputs.begin(), layer.inputs.end(), [&](int input) {
      return behind[input] || program.layers[input].row->family == layers::Family::neuron;
    }));
  return behind;
}

// As the definition is written: `tau * u` is one, whatever tau is.
int64_t multiplications(const sema::Neuron& neuron) {
  int64_t count = 0;
  for (const sema::Statement& statement : neuron.statements)
    count += multiplications(statement.value);
  return count;
}

bool decides(const sema::Expression& expression) {
  static const char* const comparisons[] = {"step", "greater", "greater_equal", "less", "less_equal"};
  return std::any_of(std::begin(comparisons), std::end(comparisons),
                     [&](const char* name) { return expression.operation == name; }) ||
         std::any_of(expression.operands.begin(), expression.operands.end(),
                     [](const sema::Expression& operand) { return decides(operand); });
}

// A neuron that compares nothing emits all the time: a read-out, say.
bool decides(const sema::Neuron& neuron) {
  return std::any_of(neuron.statements.begin(), neuron.statements.end(),
                     [](const sema::Statement& statement) { return decides(statement.value); });
}

// BatchNorm after a binary layer leaves one multiplication a neuron and step when deployed; after real
// weights it disappears in them.
int64_t scales(const sema::Program& program, int index) {
  if (program.layers[index].weights().real())
    return 0;
  for (const sema::Layer& layer : program.layers)
    for (int input : layer.inputs)
      if (input == index && layer.row->family == layers::Family::normalisation)
        return elements(layer.shape);
  return 0;
}

} // namespace

ordered_json observation(const sema::Program& program) {
  ordered_json neurons = ordered_json::array(), synapses = ordered_json::array();
  std::vector<LayerRow> rows = layer_rows(program);
  const std::vector<bool> behind = behind_neurons(program);
  for (size_t i = 0; i < program.layers.size(); ++i) {
    const sema::Layer& layer = program.layers[i];
    if (layer.for_loss) // not in what is looked at
      continue;
    if (layer.row->family == layers::Family::neuron) {
      const sema::Neuron& neuron = program.neurons[layer.neuron];
      ordered_json json = {{"path", layer.path},
                           {"neuron", neuron.name},
                           {"shape", layer.shape},
                           {"states", neuron.states},
                           {"multiplications", multiplications(neuron)},
                           {"decides", decides(neuron)}};
      neurons.push_back(std::move(json));
    }
    if (!layer.synaptic())
      continue;
    const ir::Port input = layers::observed_input(program, layer);
    ordered_json json = {{"path", layer.path},
                         {"kind", layer.row->name},
                         {"input", {{"role", ir::role_name(input.role)}, {"name", input.name}}},
                         {"input_shape", program.layers[layer.inputs[0]].shape},
                         {"shape", layer.shape},
                         {"first", !behind[i]},
                         {"binary", !layer.weights().real()},
                         {"dense", rows[i].multiply_adds + rows[i].additions},
                         {"weights", rows[i].real_parameters + rows[i].binary_parameters},
                         {"bytes", rows[i].real_parameters * 4 + (rows[i].packed_bits() + 7) / 8},
                         {"scales", scales(program, static_cast<int>(i))}};
    if (layer.weights().ternary())
      json["ternary_threshold"] = layer.weights().threshold;
    for (const char* const pair : {"kernel", "stride", "padding"}) // of windows
      if (layer.arguments.has(pair))
        json[pair] = layer.arguments.pair(pair);
    if (layer.arguments.has("dilation") && layer.arguments.pair("dilation") != layers::Pair{1, 1})
      json["dilation"] = layer.arguments.pair("dilation");
    if (layer.arguments.has("groups") && layer.arguments.integer("groups") != 1)
      json["groups"] = layer.arguments.integer("groups");
    synapses.push_back(std::move(json));
  }
  return {{"neurons", std::move(neurons)}, {"synapses", std::move(synapses)}};
}

} // namespace rvb::build
