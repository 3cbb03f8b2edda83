#include "layers/layer.h"

namespace rvb::layers {

Row called_row(const char* name, std::vector<Slot> slots,
               std::optional<Tensor> (*output)(const Network&, const Layer&, Fault&), ir::Value (*build)(Build&)) {
  Row row;
  row.name = name;
  row.slots = std::move(slots);
  row.output = output;
  row.build = build;
  return row;
}

const std::vector<const Row*>& table() {
  static const std::vector<const Row*> rows = {
#define LAYER(name) &rows::name,
#include "layers/layers.def"
#undef LAYER
  };
  return rows;
}

const Row* find(const std::string& name) {
  for (const Row* row : table())
    if (row->called && row->name == name)
      return row;
  return nullptr;
}

ir::Port observed_input(const Network& network, const Layer& layer) {
  const Layer* from = &network.input_of(layer);
  while (from->row->keeps_values)
    from = &network.input_of(*from);
  if (from->row->family == Family::input)
    return {ir::Role::input, "image"};
  return from->row->family == Family::neuron ? ir::Port{ir::Role::spikes, from->path}
                                             : ir::Port{ir::Role::events, layer.path};
}

bool alike_with_inputs(const Network& network, const Layer& layer) {
  for (size_t i = 0; i < layer.inputs.size(); ++i) {
    const Layer& input = network.input_of(layer, static_cast<int>(i));
    if (layer.has_time && !input.has_time && input.has_batch)
      return false;
  }
  return true;
}

bool is_image(const Tensor& tensor) {
  return tensor.shape.size() == 3;
}

bool is_vector(const Tensor& tensor) {
  return tensor.shape.size() == 1;
}

Fault wrong_rank(const Tensor& found, const std::string& wanted, const std::string& help) {
  Fault fault;
  fault.code = Code::wrong_rank;
  fault.message = "this layer reads " + wanted + ", found " + text_of(found.shape);
  fault.label = "reads " + text_of(found.shape);
  fault.help = help;
  fault.shows_inputs = fault.shows_way = true;
  return fault;
}

Fault no_time(const Tensor& found, const std::string& to_do) {
  Fault fault;
  fault.code = Code::no_time;
  fault.message = "this tensor has no time steps to " + to_do;
  fault.label = "reads " + text_of(found.shape) + " without time";
  fault.at_name = fault.shows_way = true;
  return fault;
}

} // namespace rvb::layers
