// Dropout (Srivastava et al., 2014): in training a share of the numbers is zero and the others are larger by as much,
// so that their mean stays; in use nothing is done. One mask holds for all time steps of a sample.
#include "layers/layer.h"

namespace rvb::layers {

namespace {

ir::Value build(Build& build) {
  const double rate = build.layer().arguments.number("rate");
  const ir::Value x = build.input();
  if (!build.training() || rate == 0)
    return x;
  ir::Type mask = build.type(x);
  const bool has_time = build.layer().has_time;
  if (has_time)
    mask.dims.erase(mask.dims.begin());
  ir::Value drawn = build.make(
      ir::Opcode::dropout_mask, {build.key},
      {{"dims", mask.dims}, {"operation", static_cast<int64_t>(build.values.size())}, {"rate", rate}}, "mask");
  if (has_time)
    drawn = build.make(ir::Opcode::repeat, {drawn}, {{"times", build.network.input.steps}}, "masks");
  return build.make(ir::Opcode::mul, {x, drawn}, {}, "dropped");
}

Row row() {
  Row row;
  row.name = "dropout";
  row.slots = {tensor("x"), number("rate", 0.5, 0, 0.999)};
  row.build = build;
  row.keeps_values = true; // in use
  row.draws = true;
  return row;
}

} // namespace

const Row rows::dropout = row();

} // namespace rvb::layers
