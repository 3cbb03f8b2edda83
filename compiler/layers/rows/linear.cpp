// Every output reads every feature.
#include "layers/synapses.h"

#include <cmath>

namespace rvb::layers {

namespace {

std::optional<Tensor> output(const Network& network, const Layer& layer, Fault& fault) {
  const Tensor input = network.input_of(layer).tensor();
  if (!is_vector(input)) {
    fault = wrong_rank(input, "a vector [features]",
                       is_image(input) ? "flatten the image first: `|> flatten |> linear(...)`"
                                       : "flatten it first: `|> flatten |> linear(...)`");
    return std::nullopt;
  }
  return Tensor{{layer.arguments.size("features")}, input.has_time};
}

// The deviation of the method's own code, 1/in, is far too small for a layer that a neuron follows (2048 inputs:
// currents of 0.02, which never reach a threshold of 0.25), so sqrt(1/in) keeps the variance instead.
std::vector<Parameter> parameters(const Network& network, const Layer& layer) {
  const int64_t in = network.input_of(layer).shape[0], out = layer.shape[0];
  return synapse_parameters(layer, {out, in}, std::sqrt(1.0 / static_cast<double>(in)));
}

ir::Value build(Build& build) {
  show_events(build);
  const ir::Value weights = synapse_weights(build, 0);
  return with_bias(build, build.make(ir::Opcode::linear, {build.input(), weights}, {}, "current"));
}

Row row() {
  Row row;
  row.name = "linear";
  row.family = Family::synapses;
  row.slots = {tensor("x"), size("features"), flag("bias", true), weights("weights")};
  row.output = output;
  row.parameters = parameters;
  row.build = build;
  return row;
}

} // namespace

const Row rows::linear = row();

} // namespace rvb::layers
