// The mean of all time steps; after it a tensor has none.
#include "layers/layer.h"

namespace rvb::layers {

namespace {

std::optional<Tensor> output(const Network& network, const Layer& layer, Fault& fault) {
  const Tensor input = network.input_of(layer).tensor();
  if (!input.has_time) {
    fault = no_time(input, "take the mean of");
    return std::nullopt;
  }
  return Tensor{input.shape, false};
}

Row row() {
  Row row;
  row.name = "mean_over_time";
  row.slots = {tensor("x")};
  row.output = output;
  row.build = [](Build& build) { return build.make(ir::Opcode::mean_time, {build.input()}, {}, "logits"); };
  return row;
}

} // namespace

const Row rows::mean_over_time = row();

} // namespace rvb::layers
