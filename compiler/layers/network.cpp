#include "layers/layer.h"

#include <algorithm>

namespace rvb::layers {

const Weights& Layer::weights() const {
  static const Weights real;
  const Weights* own = arguments.weights();
  return own != nullptr ? *own : real;
}

const char* word(Role role) {
  switch (role) {
  case Role::weight: return "weight";
  case Role::alpha: return "alpha";
  case Role::bias: return "bias";
  case Role::gamma: return "gamma";
  case Role::beta: return "beta";
  case Role::step_scale: return "step_scale";
  case Role::neuron: return "neuron";
  case Role::running_mean: return "running_mean";
  case Role::running_variance: return "running_variance";
  }
  return "?";
}

bool Network::begins_at_rest() const {
  const bool neurons_do = std::all_of(neurons.begin(), neurons.end(), [](const Neuron& neuron) {
    return std::all_of(neuron.initial.begin(), neuron.initial.end(), [](double value) { return value == 0; });
  });
  return neurons_do && std::all_of(layers.begin(), layers.end(), [](const Layer& layer) {
           return layer.row != &rows::cell_state || layer.expression.number == 0;
         });
}

bool Network::reads_progress() const {
  return std::any_of(layers.begin(), layers.end(), [](const Layer& layer) { return layer.row->reads_progress; });
}

bool Network::draws() const {
  return std::any_of(layers.begin(), layers.end(), [](const Layer& layer) { return layer.row->draws; });
}

bool Network::streams() const {
  // What a cell reads besides sequences, a mean over time say, would be known only after the last step.
  const auto reads_the_whole = [this](const Layer& layer) {
    return layer.cell >= 0 && layer.row != &rows::cell_input &&
           std::any_of(layer.inputs.begin(), layer.inputs.end(), [this](int input) {
             const Layer& source = layers[static_cast<size_t>(input)];
             return source.cell < 0 && source.has_batch;
           });
  };
  return std::all_of(layers.begin(), layers.end(), [&](const Layer& layer) {
    return !reads_the_whole(layer) && (layer.row->alike_in_time == nullptr || layer.row->alike_in_time(*this, layer));
  });
}

} // namespace rvb::layers
