// Means over windows; padding counts as zeros of the window.
#include "layers/window.h"

namespace rvb::layers {

namespace {

Row row() {
  Row row;
  row.name = "avgpool";
  row.slots = pool_slots();
  row.output = pool_output;
  row.build = [](Build& build) { return build_pool(build, ir::Opcode::avgpool); };
  return row;
}

} // namespace

const Row rows::avgpool = row();

} // namespace rvb::layers
