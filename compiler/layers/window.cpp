#include "layers/window.h"

namespace rvb::layers {

std::optional<Tensor> slide(const Layer& layer, const Tensor& input, int64_t channels, int64_t (*most_padding)(int64_t),
                            const char* rule, Fault& fault) {
  if (!is_image(input)) {
    fault = wrong_rank(input, "an image [channels, height, width]");
    return std::nullopt;
  }
  const Pair &kernel = layer.arguments.pair("kernel"), &stride = layer.arguments.pair("stride"),
             &padding = layer.arguments.pair("padding");
  const Pair dilation = layer.arguments.has("dilation") ? layer.arguments.pair("dilation") : Pair{1, 1};
  Tensor output = input;
  output.shape[0] = channels;
  for (size_t i = 0; i < 2; ++i) {
    const int64_t extent = input.shape[i + 1], padded = extent + 2 * padding[i];
    const int64_t span = (kernel[i] - 1) * dilation[i] + 1;
    if (span > padded) {
      fault.code = Code::kernel_too_large;
      fault.message = "a window " + std::to_string(span) + (i == 0 ? " high" : " wide") + " does not fit into " +
                      std::to_string(extent) + (padding[i] > 0 ? " + 2 * " + std::to_string(padding[i]) : "") +
                      " pixels";
      fault.label = "reads " + text_of(input.shape);
      fault.shows_inputs = fault.shows_way = true;
      return std::nullopt;
    }
    if (padding[i] > 0 && padding[i] > most_padding(span)) {
      fault.code = Code::bad_padding;
      fault.message = "a padding of " + std::to_string(padding[i]) + " for a window of " + std::to_string(span);
      fault.label = rule;
      fault.note = "windows at the border would see nothing but padding";
      return std::nullopt;
    }
    output.shape[i + 1] = (padded - span) / stride[i] + 1;
  }
  return output;
}

const std::vector<Slot>& pool_slots() {
  static const std::vector<Slot> slots = {tensor("x"), pair("kernel", 1), pair_like("stride", 1, "kernel"),
                                          pair("padding", 0, 0)};
  return slots;
}

std::optional<Tensor> pool_output(const Network& network, const Layer& layer, Fault& fault) {
  const Tensor input = network.input_of(layer).tensor();
  return slide(
      layer, input, input.shape[0], [](int64_t kernel) { return kernel / 2; }, "at most half the window", fault);
}

ir::Value build_pool(Build& build, ir::Opcode opcode) {
  const Arguments& arguments = build.layer().arguments;
  return build.make(opcode, {build.input()},
                    {{"kernel", listed(arguments.pair("kernel"))},
                     {"pad", listed(arguments.pair("padding"))},
                     {"stride", listed(arguments.pair("stride"))}},
                    "pooled");
}

} // namespace rvb::layers
