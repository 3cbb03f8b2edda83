// A number, or a tensor of them, that is learned: `trained a = 0.5 over channel` in a block. Not called.
#include "layers/layer.h"

namespace rvb::layers {

namespace {

std::vector<Parameter> parameters(const Network& network, const Layer& layer) {
  Parameter made; // its name is the layer's path
  made.role = Role::neuron;
  const int first = layer.has_time ? 1 : 0; // of the shape, on disk
  if (layer.has_time)
    made.shape.push_back(network.input.steps);
  made.shape.insert(made.shape.end(), layer.shape.begin(), layer.shape.end());
  if (layer.has_time)
    made.order.push_back(0);
  for (size_t i = 1; i < layer.shape.size(); ++i)
    made.order.push_back(first + static_cast<int>(i));
  if (!layer.shape.empty())
    made.order.push_back(first);
  for (const int axis : made.order)
    made.memory.push_back(made.shape[static_cast<size_t>(axis)]);
  if (made.shape.empty()) { // a number is a vector of one on disk
    made.shape = {1};
    made.order = {0};
  }
  made.initializer.value = layer.expression.number;
  return {made};
}

Row row() {
  Row row;
  row.name = "trained";
  row.output = [](const Network&, const Layer& layer, Fault&) { return std::optional<Tensor>(layer.tensor()); };
  row.parameters = parameters;
  row.build = [](Build& build) { return build.parameter(Role::neuron); };
  row.alike_in_time = [](const Network&, const Layer& layer) { return !layer.has_time; }; // a table of the steps
  row.called = false;
  return row;
}

} // namespace

const Row rows::trained = row();

} // namespace rvb::layers
