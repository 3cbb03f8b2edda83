// Transposed convolution over [C, H, W]: what flows back through conv2d flows forwards, and images grow by the stride.
#include "layers/synapses.h"
#include "layers/window.h"

#include <cmath>

namespace rvb::layers {

namespace {

std::optional<Tensor> output(const Network& network, const Layer& layer, Fault& fault) {
  const Tensor input = network.input_of(layer).tensor();
  if (!is_image(input)) {
    fault = wrong_rank(input, "an image [channels, height, width]");
    return std::nullopt;
  }
  if (!layer.weights().real()) {
    fault.code = Code::bad_value;
    fault.message = "a transposed convolution has real weights";
    fault.label = std::string("these are ") + layer.weights().word();
    fault.help = "`upsample(2) |> conv2d(...)` makes images larger under signs, too";
    return std::nullopt;
  }
  const Pair &kernel = layer.arguments.pair("kernel"), &stride = layer.arguments.pair("stride"),
             &padding = layer.arguments.pair("padding"), &more = layer.arguments.pair("output_padding");
  Tensor made = input;
  made.shape[0] = layer.arguments.size("channels");
  for (size_t i = 0; i < 2; ++i) {
    if (padding[i] >= kernel[i] || more[i] >= stride[i]) {
      const bool before = padding[i] >= kernel[i];
      fault.code = Code::bad_padding;
      fault.message =
          before ? "a padding of " + std::to_string(padding[i]) + " for a window of " + std::to_string(kernel[i])
                 : "an output_padding of " + std::to_string(more[i]) + " for a stride of " + std::to_string(stride[i]);
      fault.label = before ? "must be smaller than the window" : "must be smaller than the stride";
      return std::nullopt;
    }
    int64_t& extent = made.shape[i + 1];
    extent = (extent - 1) * stride[i] - 2 * padding[i] + kernel[i] + more[i];
    if (extent < 1) {
      fault.code = Code::bad_padding;
      fault.message = "nothing is left of an image of " + text_of(input.shape) + " after a padding of " +
                      std::to_string(padding[i]);
      fault.label = "reads " + text_of(input.shape);
      fault.shows_way = true;
      return std::nullopt;
    }
  }
  return made;
}

// [in, out, kh, kw], as PyTorch's.
std::vector<Parameter> parameters(const Network& network, const Layer& layer) {
  const int64_t in = network.input_of(layer).shape[0], out = layer.shape[0];
  const Pair& kernel = layer.arguments.pair("kernel");
  const double fan = static_cast<double>(kernel[0]) * static_cast<double>(kernel[1]) * static_cast<double>(out);
  return synapse_parameters(layer, {in, out, kernel[0], kernel[1]}, in, out, std::sqrt(2.0 / fan));
}

ir::Value build(Build& build) {
  show_events(build);
  const Layer& layer = build.layer();
  const ir::Attributes attributes{{"pad", listed(layer.arguments.pair("padding"))},
                                  {"size", std::vector<int64_t>{layer.shape[1], layer.shape[2]}},
                                  {"stride", listed(layer.arguments.pair("stride"))}};
  return with_bias(build, build.make(ir::Opcode::conv2d_input_gradient, {build.input(), synapse_signs(build)},
                                     attributes, "current"));
}

Row row() {
  Row row;
  row.name = "conv2d_transposed";
  row.family = Family::synapses;
  row.slots = {tensor("x"),          size("channels"),      pair("kernel", 1, 3),
               pair("stride", 1, 1), pair("padding", 0, 0), pair("output_padding", 0, 0),
               flag("bias", false),  weights("weights")};
  row.output = output;
  row.parameters = parameters;
  row.build = build;
  row.reserved = false;
  return row;
}

} // namespace

const Row rows::conv2d_transposed = row();

} // namespace rvb::layers
