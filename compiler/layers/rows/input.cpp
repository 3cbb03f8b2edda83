// What the network reads: frames, or one image at every step. Not called: the network's head declares it.
#include "layers/layer.h"

namespace rvb::layers {

namespace {

ir::Value build(Build& build) {
  const Input& input = build.network.input;
  if (input.sequence)
    return build.image;
  return build.make(ir::Opcode::repeat, {build.image}, {{"times", input.steps}}, "frames");
}

Row row() {
  Row row;
  row.name = "input";
  row.family = Family::input;
  row.build = build;
  row.called = false;
  return row;
}

} // namespace

const Row rows::input = row();

} // namespace rvb::layers
