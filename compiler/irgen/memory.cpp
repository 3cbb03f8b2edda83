#include "irgen/generate.h"

namespace rvb::irgen {

std::vector<KeptState> kept_states(const sema::Program& program) {
  std::vector<KeptState> kept;
  for (const sema::Layer& layer : program.layers) {
    if (layer.kind == sema::LayerKind::neuron)
      for (double initial : program.neurons[layer.neuron].initial)
        kept.push_back({layer.shape, initial});
    if (layer.kind == sema::LayerKind::mean_over_time) {
      kept.push_back({layer.shape, -0.0}); // -0 + x is x, also where x is -0
      kept.push_back({layer.shape, 0});
    }
  }
  return kept;
}

std::vector<int> memory_order(const sema::Parameter& parameter) {
  if (parameter.role == sema::Role::weight && parameter.shape.size() == 4)
    return {2, 3, 1, 0}; // [Co, Ci, Kh, Kw] -> [Kh, Kw, Ci, Co]
  if (parameter.role == sema::Role::weight && parameter.shape.size() == 2)
    return {1, 0}; // [out, in] -> [in, out]
  std::vector<int> order(parameter.shape.size());
  for (size_t i = 0; i < order.size(); ++i)
    order[i] = static_cast<int>(i);
  return order;
}

ir::Type memory_type(const sema::Parameter& parameter) {
  ir::Type type;
  if (parameter.role == sema::Role::alpha) { // [1, Ci, 1, 1] or [1, in]: one number an input channel
    type.dims = {parameter.shape[1]};
    return type;
  }
  if (parameter.role == sema::Role::neuron && parameter.shape[0] == 1) // one for the whole layer
    return type;
  for (int dimension : memory_order(parameter))
    type.dims.push_back(parameter.shape[dimension]);
  return type;
}

} // namespace rvb::irgen
