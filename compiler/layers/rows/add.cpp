// The sum of two tensors of one shape: `a |> add(b)`, or `a + b`.
#include "layers/layer.h"

#include <algorithm>

namespace rvb::layers {

namespace {

std::optional<Tensor> output(const Network& network, const Layer& layer, Fault& fault) {
  const Tensor left = network.input_of(layer).tensor(), right = network.input_of(layer, 1).tensor();
  if (left == right)
    return left;
  fault.code = Code::shapes_differ;
  fault.message = "cannot add " + text_of(left) + " and " + text_of(right);
  fault.label = "shapes differ";
  fault.shows_inputs = fault.shows_way = true;
  if (left.shape == right.shape)
    fault.help = "`mean_over_time` has taken the time steps of one: add before it";
  else if (is_image(left) && is_image(right))
    fault.help = "give the shortcut a projection: `conv2d(" + std::to_string(std::max(left.shape[0], right.shape[0])) +
                 ", kernel = 1, stride = ...) |> batchnorm`";
  return std::nullopt;
}

Row row() {
  Row row;
  row.name = "add";
  row.slots = {tensor("a"), tensor("b")};
  row.output = output;
  row.build = [](Build& build) { return build.make(ir::Opcode::add, {build.input(0), build.input(1)}, {}, "joined"); };
  return row;
}

} // namespace

const Row rows::add = row();

} // namespace rvb::layers
