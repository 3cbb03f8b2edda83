// The places along one axis of a tensor, 0, 1, … as numbers: what constants are made of. Of the tensor its sizes alone
// are read: once they are known it is no input.
#include "layers/axes.h"

namespace rvb::layers {

namespace {

std::optional<Tensor> output(const Network& network, const Layer& layer, Fault& fault) {
  const Tensor input = network.input_of(layer).tensor();
  const std::optional<std::vector<Axis>> axes = axes_of(input, {layer.arguments.word("over")}, fault);
  if (!axes)
    return std::nullopt;
  if (axes->front().kind == Axis::Kind::time)
    return Tensor{{}, true, false, false};
  Shape shape(axes->front().place + 1, 1);
  shape.back() = input.shape[axes->front().place];
  return Tensor{shape, false, false, false};
}

ir::Value build(Build& build) {
  const Layer& layer = build.layer();
  const ir::Type type = type_of(build.network, layer.tensor());
  const int64_t size = layer.has_time ? build.network.input.steps : layer.shape.back();
  const ir::Value places = build.make(ir::Opcode::index, {}, {{"size", size}}, "places");
  return build.type(places) == type ? places
                                    : build.make(ir::Opcode::reshape, {places}, {{"dims", type.dims}}, "places");
}

Row row() {
  Row row = called_row("index", {tensor("x"), word("over", single_axis_words())}, output, build);
  row.for_all_samples = true;
  row.reserved = false;
  row.reads_sizes = true;
  row.alike_in_time = [](const Network&, const Layer& layer) { return !layer.has_time; };
  return row;
}

} // namespace

const Row rows::index = row();

} // namespace rvb::layers
