// The weights of a layer as they are trained, where a function of the program stands between them and the synapses:
// `weights = binary(of = standardised)`. Not called. A tensor [outputs, kernel..., inputs], which lies in memory as the
// synapses read it, and on disk as PyTorch's.
#include "layers/layer.h"

namespace rvb::layers {

namespace {

std::vector<Parameter> parameters(const Network&, const Layer& layer) {
  const int rank = static_cast<int>(layer.shape.size());
  Parameter made;
  made.name = "weight";
  made.role = Role::weight;
  made.shape = {layer.shape.front(), layer.shape.back()};
  made.shape.insert(made.shape.end(), layer.shape.begin() + 1, layer.shape.end() - 1);
  for (int dimension = 2; dimension < rank; ++dimension)
    made.order.push_back(dimension);
  made.order.insert(made.order.end(), {1, 0});
  for (const int dimension : made.order)
    made.memory.push_back(made.shape[static_cast<size_t>(dimension)]);
  made.decays = true;
  made.binary = layer.of_signs;
  made.initializer = {Initializer::Kind::normal, layer.expression.number};
  return {made};
}

Row row() {
  Row row;
  row.name = "latent";
  row.output = [](const Network&, const Layer& layer, Fault&) { return std::optional<Tensor>(layer.tensor()); };
  row.parameters = parameters;
  row.build = [](Build& build) { return build.parameter(Role::weight); };
  row.called = false;
  row.listed = false;
  return row;
}

} // namespace

const Row rows::latent = row();

} // namespace rvb::layers
