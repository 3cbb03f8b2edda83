// The largest value of each window; padding is never it.
#include "layers/window.h"

namespace rvb::layers {

namespace {

Row row() {
  Row row;
  row.name = "maxpool";
  row.slots = pool_slots();
  row.output = pool_output;
  row.build = [](Build& build) { return build_pool(build, ir::Opcode::maxpool); };
  return row;
}

} // namespace

const Row rows::maxpool = row();

} // namespace rvb::layers
