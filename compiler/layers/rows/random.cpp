// Random numbers while a network trains, from 0 to below 1, one for each element of x; in use what stands for them.
#include "layers/broadcast.h"
#include "layers/layer.h"

namespace rvb::layers {

namespace {

std::optional<Tensor> output(const Network& network, const Layer& layer, Fault& fault) {
  const Tensor x = network.input_of(layer).tensor(), used = network.input_of(layer, 1).tensor();
  if (common({x, used}) == x)
    return x;
  fault.code = Code::shapes_differ;
  fault.message = "in use " + text_of(used) + " cannot stand for random numbers of " + text_of(x);
  fault.label = "shapes differ";
  fault.shows_inputs = true;
  return std::nullopt;
}

ir::Value build(Build& build) {
  const Layer& layer = build.layer();
  const Tensor x = layer.tensor();
  if (!build.training())
    return expand(build, build.input(1), build.network.input_of(layer, 1).tensor(), x);
  std::vector<int64_t> dims = type_of(build.network, x).dims, order;
  if (x.has_time && x.has_batch) { // drawn sample by sample; time comes first in x
    std::swap(dims[0], dims[1]);
    for (size_t axis = 0; axis < dims.size(); ++axis)
      order.push_back(static_cast<int64_t>(axis < 2 ? 1 - axis : axis));
  }
  const ir::Value drawn =
      build.make(ir::Opcode::random, {build.key},
                 {{"dims", dims}, {"operation", static_cast<int64_t>(build.values.size())}}, "drawn");
  return order.empty() ? drawn : build.make(ir::Opcode::permute, {drawn}, {{"order", order}}, "drawn");
}

Row row() {
  Row row = called_row("random", {tensor("x"), tensor("used")}, output, build);
  row.draws = true;
  row.for_all_samples = true;
  row.reserved = false;
  row.alike_in_time = alike_with_inputs;
  return row;
}

} // namespace

const Row rows::random = row();

} // namespace rvb::layers
