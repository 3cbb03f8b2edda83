#include "layers/build.h"

#include <algorithm>
#include <stdexcept>

namespace rvb::layers {

ir::Value Build::input(int i) const {
  return values[static_cast<size_t>(layer().inputs[static_cast<size_t>(i)])];
}

ir::Value Build::parameter(Role role, int slot) const {
  const auto found = parameters.find({static_cast<int>(values.size()), role, slot});
  if (found == parameters.end())
    throw std::logic_error("layer " + std::to_string(values.size()) + " lacks a parameter");
  return found->second;
}

void Build::show(ir::Role role, ir::Value value) {
  if (!training())
    shown.push_back({{role, layer().path}, value});
}

void Build::update(Role statistic, int slot, ir::Value value) {
  const int index = static_cast<int>(values.size());
  const auto parameter = std::find_if(network.parameters.begin(), network.parameters.end(), [&](const Parameter& each) {
    return each.layer == index && each.role == statistic && each.slot == slot;
  });
  shown.push_back({{ir::Role::statistic, parameter->name}, value});
}

ir::Type type_of(const Network& network, const Tensor& tensor) {
  ir::Type type;
  if (tensor.has_time)
    type.dims.push_back(network.input.steps);
  type.dims.push_back(ir::batch);
  type.dims.insert(type.dims.end(), tensor.shape.begin() + 1, tensor.shape.end());
  type.dims.push_back(tensor.shape[0]);
  return type;
}

} // namespace rvb::layers
