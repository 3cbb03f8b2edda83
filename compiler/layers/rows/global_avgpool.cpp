// The mean of every channel over the whole image.
#include "layers/layer.h"

namespace rvb::layers {

namespace {

std::optional<Tensor> output(const Network& network, const Layer& layer, Fault& fault) {
  const Tensor input = network.input_of(layer).tensor();
  if (!is_image(input)) {
    fault = wrong_rank(input, "an image [channels, height, width]");
    return std::nullopt;
  }
  return Tensor{{input.shape[0]}, input.has_time};
}

Row row() {
  Row row;
  row.name = "global_avgpool";
  row.slots = {tensor("x")};
  row.output = output;
  row.build = [](Build& build) { return build.make(ir::Opcode::global_avgpool, {build.input()}, {}, "pooled"); };
  return row;
}

} // namespace

const Row rows::global_avgpool = row();

} // namespace rvb::layers
