// Every output reads every feature; over the channels of any tensor, or over its time steps.
#include "layers/synapses.h"

#include <cmath>

namespace rvb::layers {

namespace {

bool over(const Layer& layer, const char* word) {
  return layer.arguments.word("over") == word;
}

std::optional<Tensor> output(const Network& network, const Layer& layer, Fault& fault) {
  const Tensor input = network.input_of(layer).tensor();
  if (over(layer, "channel")) {
    Tensor made = input;
    made.shape[0] = layer.arguments.size("features");
    return made;
  }
  if (over(layer, "time")) {
    if (!input.has_time) {
      fault = no_time(input, "go over");
      return std::nullopt;
    }
    if (layer.arguments.size("features") == network.input.steps)
      return input;
    fault.code = Code::bad_size;
    fault.message = "over time a layer gives as many steps as it reads, " + std::to_string(network.input.steps);
    fault.label = std::to_string(layer.arguments.size("features")) + " are asked for";
    return std::nullopt;
  }
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
  const int64_t steps = network.input.steps;
  const int64_t in = over(layer, "time") ? steps : network.input_of(layer).shape[0];
  const int64_t out = over(layer, "time") ? steps : layer.shape[0];
  return synapse_parameters(layer, {out, in}, in, out, std::sqrt(1.0 / static_cast<double>(in)));
}

ir::Value build(Build& build) {
  show_events(build);
  const ir::Value weights = synapse_weights(build, 0);
  if (!over(build.layer(), "time"))
    return with_bias(build, build.make(ir::Opcode::linear, {build.input(), weights}, {}, "current"));
  // Time innermost, and back.
  std::vector<int64_t> inside, back = {build.type(build.input()).rank() - 1};
  for (int64_t axis = 1; axis < build.type(build.input()).rank(); ++axis) {
    inside.push_back(axis);
    back.push_back(axis - 1);
  }
  inside.push_back(0);
  const ir::Value steps = build.make(ir::Opcode::permute, {build.input()}, {{"order", inside}}, "steps");
  const ir::Value mixed = with_bias(build, build.make(ir::Opcode::linear, {steps, weights}, {}, "mixed"));
  return build.make(ir::Opcode::permute, {mixed}, {{"order", back}}, "current");
}

Row row() {
  Row row;
  row.name = "linear";
  row.family = Family::synapses;
  row.slots = {tensor("x"), size("features"), flag("bias", true), weights("weights"),
               word("over", {"feature", "channel", "time"})};
  row.output = output;
  row.parameters = parameters;
  row.build = build;
  row.alike_in_time = [](const Network&, const Layer& layer) { return !over(layer, "time"); };
  return row;
}

} // namespace

const Row rows::linear = row();

} // namespace rvb::layers
