// The mean of groups of neighbouring features: one group votes for one class.
#include "layers/layer.h"

namespace rvb::layers {

namespace {

std::optional<Tensor> output(const Network& network, const Layer& layer, Fault& fault) {
  const Tensor input = network.input_of(layer).tensor();
  const int64_t voters = layer.arguments.size("voters");
  if (is_image(input)) {
    fault = wrong_rank(input, "a vector [features]");
    return std::nullopt;
  }
  if (input.shape[0] % voters != 0) {
    fault.code = Code::bad_size;
    fault.message = std::to_string(input.shape[0]) + " features do not divide into groups of " + std::to_string(voters);
    fault.label = "reads " + text_of(input.shape);
    fault.shows_way = true;
    return std::nullopt;
  }
  return Tensor{{input.shape[0] / voters}, input.has_time};
}

// Features as one row of pixels of an image with a channel a class: neighbours become pixels of one channel.
ir::Value build(Build& build) {
  const Layer& layer = build.layer();
  const std::vector<int64_t> size = {1, layer.arguments.size("voters"), layer.shape[0]};
  const ir::Value groups = build.make(ir::Opcode::unflatten, {build.input()}, {{"size", size}}, "groups");
  return build.make(ir::Opcode::global_avgpool, {groups}, {}, "votes");
}

Row row() {
  Row row;
  row.name = "vote";
  row.slots = {tensor("x"), size("voters")};
  row.output = output;
  row.build = build;
  return row;
}

} // namespace

const Row rows::vote = row();

} // namespace rvb::layers
