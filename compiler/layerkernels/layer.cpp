#include "layerkernels/layer.h"

#include "support/fnv.h"

#include <algorithm>

namespace rvb::layerkernels {

int uses(const ir::Function& function, ir::Value value) {
  int count = 0;
  auto look = [&](const std::vector<ir::Operand>& operands) {
    for (const ir::Operand& operand : operands)
      count += !operand.is_literal() && operand.value == value;
  };
  for (const ir::Op& op : function.ops)
    look(op.operands);
  look(function.results);
  return count;
}

bool has_layer(const ir::Function&, const ir::Op& op, const targets::Target& target) {
  // Tables are of taps next to each other that read all channels.
  if (op.integer("groups") > 1 || !op.integers("dilation").empty())
    return false;
  return target.has_tables() && (op.opcode == ir::Opcode::binary_conv2d || op.opcode == ir::Opcode::binary_linear ||
                                 op.opcode == ir::Opcode::binary_conv2d_input_gradient);
}

Layer layer(const ir::Function& function, const ir::Op& synapse, const ir::Op* neuron) {
  Layer l;
  l.function = &function;
  l.synapse = &synapse;
  l.neuron = neuron;
  if (neuron != nullptr)
    l.sums_operand =
        static_cast<int>(std::find(neuron->operands.begin(), neuron->operands.end(), ir::Operand(synapse.results[0])) -
                         neuron->operands.begin());
  return l;
}

std::string symbol(const Layer& layer, const targets::Target& target) {
  std::string text = std::string("layers ") + RVB_LAYERS_VERSION + ';';
  text += kernels::symbol(*layer.function, *layer.synapse, target) + ';';
  if (layer.neuron != nullptr) {
    text += kernels::symbol(*layer.function, *layer.neuron, target) + ';' + std::to_string(layer.sums_operand);
    for (ir::Value value : layer.neuron->results) // what nobody reads is not stored
      text += uses(*layer.function, value) != 0 ? 'r' : 'u';
  }
  return "rvb_layer_" + hex_digits(fnv(text));
}

std::vector<ir::Value> inputs_of(const Layer& layer) {
  std::vector<ir::Value> inputs;
  for (const ir::Operand& operand : layer.synapse->operands)
    if (!operand.is_literal())
      inputs.push_back(operand.value);
  if (layer.neuron != nullptr)
    for (size_t i = 0; i < layer.neuron->operands.size(); ++i)
      if (static_cast<int>(i) != layer.sums_operand && !layer.neuron->operands[i].is_literal())
        inputs.push_back(layer.neuron->operands[i].value);
  return inputs;
}

std::vector<ir::Value> outputs_of(const Layer& layer) {
  return layer.neuron != nullptr ? layer.neuron->results : layer.synapse->results;
}

// A layer knows its shapes and finds its places by itself. What it is told of a tensor is its first address and the
// batch, as the extent of a second dimension.
kernels::Interface interface_of(const Layer& layer) {
  auto views = [&](const std::vector<ir::Value>& values) {
    std::vector<kernels::View> result;
    for (ir::Value value : values) {
      const ir::Type& type = layer.function->type(value);
      result.push_back({type.element, {{type.elements_per_sample(), 0}}});
      if (type.has_batch())
        result.back().dims.push_back({0, 1});
    }
    return result;
  };
  return {views(inputs_of(layer)), views(outputs_of(layer))};
}

} // namespace rvb::layerkernels
