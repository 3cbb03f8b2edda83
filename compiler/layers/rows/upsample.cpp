// Every pixel of [C, H, W] becomes a block of equal ones.
#include "layers/layer.h"

namespace rvb::layers {

namespace {

std::optional<Tensor> output(const Network& network, const Layer& layer, Fault& fault) {
  Tensor made = network.input_of(layer).tensor();
  if (!is_image(made)) {
    fault = wrong_rank(made, "an image [channels, height, width]");
    return std::nullopt;
  }
  const Pair& factor = layer.arguments.pair("factor");
  for (size_t i = 0; i < 2; ++i)
    made.shape[i + 1] *= factor[i];
  return made;
}

ir::Value build(Build& build) {
  const Pair& factor = build.layer().arguments.pair("factor");
  const int64_t rank = build.type(build.input()).rank();
  const ir::Value copies = build.make(
      ir::Opcode::expand, {build.input()}, // [..., H, fh, W, fw, C]
      {{"axes", std::vector<int64_t>{rank - 2, rank}}, {"sizes", std::vector<int64_t>{factor[0], factor[1]}}},
      "copies");
  return build.make(ir::Opcode::reshape, {copies}, {{"dims", type_of(build.network, build.layer().tensor()).dims}},
                    "larger");
}

Row row() {
  Row row;
  row.name = "upsample";
  row.slots = {tensor("x"), pair("factor", 1, 2)};
  row.output = output;
  row.build = build;
  row.reserved = false;
  return row;
}

} // namespace

const Row rows::upsample = row();

} // namespace rvb::layers
