// Convolution over [C, H, W], of all channels or of groups of them.
#include "layers/synapses.h"
#include "layers/window.h"

#include <cmath>

namespace rvb::layers {

namespace {

std::optional<Tensor> output(const Network& network, const Layer& layer, Fault& fault) {
  const Tensor input = network.input_of(layer).tensor();
  const int64_t channels = layer.arguments.size("channels"), groups = layer.arguments.integer("groups");
  const std::optional<Tensor> made = slide(
      layer, input, channels, [](int64_t window) { return window - 1; }, "must be smaller than the window", fault);
  if (!made || (input.shape[0] % groups == 0 && channels % groups == 0))
    return made;
  const bool into = input.shape[0] % groups != 0;
  fault.code = Code::bad_size;
  fault.message = std::to_string(groups) + " groups do not divide " + std::to_string(into ? input.shape[0] : channels) +
                  " channels";
  fault.label = into ? "reads " + text_of(input.shape) : "gives " + std::to_string(channels) + " channels";
  fault.note = "each group has an equal part of the channels that flow in, and of those that flow out";
  fault.shows_way = into;
  return std::nullopt;
}

// Kaiming's deviation for what flows back, as in the method's own code.
std::vector<Parameter> parameters(const Network& network, const Layer& layer) {
  const int64_t in = network.input_of(layer).shape[0], out = layer.shape[0];
  const int64_t groups = layer.arguments.integer("groups");
  const Pair& kernel = layer.arguments.pair("kernel");
  const double fan =
      static_cast<double>(kernel[0]) * static_cast<double>(kernel[1]) * static_cast<double>(out / groups);
  return synapse_parameters(layer, {out, in / groups, kernel[0], kernel[1]}, in, out, std::sqrt(2.0 / fan));
}

ir::Value build(Build& build) {
  show_events(build);
  const Arguments& arguments = build.layer().arguments;
  const int64_t groups = arguments.integer("groups");
  ir::Attributes attributes{{"pad", listed(arguments.pair("padding"))}, {"stride", listed(arguments.pair("stride"))}};
  if (const Pair& dilation = arguments.pair("dilation"); dilation != Pair{1, 1})
    attributes["dilation"] = listed(dilation);
  if (groups == 1)
    return with_bias(build,
                     build.make(ir::Opcode::conv2d, {build.input(), synapse_weights(build, 2)}, attributes, "current"));
  // The channel that a weight reads depends on its output: alpha stands with the channel.
  attributes["groups"] = groups;
  ir::Value x = build.input();
  if (build.layer().weights().alpha)
    x = build.make(ir::Opcode::mul, {x, build.parameter(Role::alpha)}, {}, "scaled");
  return with_bias(build, build.make(ir::Opcode::conv2d, {x, synapse_signs(build)}, attributes, "current"));
}

Row row() {
  Row row;
  row.name = "conv2d";
  row.family = Family::synapses;
  row.slots = {tensor("x"),          size("channels"),        pair("kernel", 1, 3),
               pair("stride", 1, 1), pair("padding", 0, 0),   flag("bias", false),
               weights("weights"),   integer("groups", 1, 1), pair("dilation", 1, 1)};
  row.output = output;
  row.parameters = parameters;
  row.build = build;
  return row;
}

} // namespace

const Row rows::conv2d = row();

} // namespace rvb::layers
