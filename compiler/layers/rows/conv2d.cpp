// Convolution over [C, H, W].
#include "layers/synapses.h"
#include "layers/window.h"

#include <cmath>

namespace rvb::layers {

namespace {

std::optional<Tensor> output(const Network& network, const Layer& layer, Fault& fault) {
  return slide(
      layer, network.input_of(layer).tensor(), layer.arguments.size("channels"),
      [](int64_t kernel) { return kernel - 1; }, "must be smaller than the window", fault);
}

// Kaiming's deviation for what flows back, as in the method's own code.
std::vector<Parameter> parameters(const Network& network, const Layer& layer) {
  const int64_t in = network.input_of(layer).shape[0], out = layer.shape[0];
  const Pair& kernel = layer.arguments.pair("kernel");
  const double fan = static_cast<double>(kernel[0]) * static_cast<double>(kernel[1]) * static_cast<double>(out);
  return synapse_parameters(layer, {out, in, kernel[0], kernel[1]}, std::sqrt(2.0 / fan));
}

ir::Value build(Build& build) {
  show_events(build);
  const Arguments& arguments = build.layer().arguments;
  const ir::Attributes attributes{{"pad", listed(arguments.pair("padding"))},
                                  {"stride", listed(arguments.pair("stride"))}};
  const ir::Value weights = synapse_weights(build, 2);
  return with_bias(build, build.make(ir::Opcode::conv2d, {build.input(), weights}, attributes, "current"));
}

Row row() {
  Row row;
  row.name = "conv2d";
  row.family = Family::synapses;
  row.slots = {tensor("x"),           size("channels"),    pair("kernel", 1, 3), pair("stride", 1, 1),
               pair("padding", 0, 0), flag("bias", false), weights("weights")};
  row.output = output;
  row.parameters = parameters;
  row.build = build;
  return row;
}

} // namespace

const Row rows::conv2d = row();

} // namespace rvb::layers
