// An image as a vector, channel by channel as in PyTorch.
#include "layers/layer.h"

namespace rvb::layers {

namespace {

std::optional<Tensor> output(const Network& network, const Layer& layer, Fault& fault) {
  const Tensor input = network.input_of(layer).tensor();
  if (!is_image(input)) {
    fault = wrong_rank(input, "an image [channels, height, width]", "it is flat already: leave `flatten` out");
    return std::nullopt;
  }
  return Tensor{{elements(input.shape)}, input.has_time};
}

Row row() {
  Row row;
  row.name = "flatten";
  row.slots = {tensor("x")};
  row.output = output;
  row.build = [](Build& build) { return build.make(ir::Opcode::flatten, {build.input()}, {}, "flat"); };
  row.keeps_values = true;
  return row;
}

} // namespace

const Row rows::flatten = row();

} // namespace rvb::layers
