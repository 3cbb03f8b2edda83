// A tensor as a vector, channel by channel as in PyTorch.
#include "layers/layer.h"

namespace rvb::layers {

namespace {

std::optional<Tensor> output(const Network& network, const Layer& layer, Fault& fault) {
  const Tensor input = network.input_of(layer).tensor();
  if (is_vector(input)) {
    fault = wrong_rank(input, "a tensor of several dimensions, such as an image [channels, height, width]",
                       "it is flat already: leave `flatten` out");
    return std::nullopt;
  }
  return Tensor{{elements(input.shape)}, input.has_time};
}

// Of an image; to the operator a tensor of another rank is one of width 1.
ir::Value build(Build& build) {
  ir::Value x = build.input();
  const Shape& shape = build.network.input_of(build.layer()).shape;
  if (shape.size() != 3) {
    std::vector<int64_t> dims = build.type(x).dims;
    dims.resize(dims.size() - shape.size());
    dims.insert(dims.end(), {elements(shape) / shape[0], 1, shape[0]});
    x = build.make(ir::Opcode::reshape, {x}, {{"dims", dims}}, "image");
  }
  return build.make(ir::Opcode::flatten, {x}, {}, "flat");
}

Row row() {
  Row row;
  row.name = "flatten";
  row.slots = {tensor("x")};
  row.output = output;
  row.build = build;
  row.keeps_values = true;
  return row;
}

} // namespace

const Row rows::flatten = row();

} // namespace rvb::layers
