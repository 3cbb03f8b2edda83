// Dropout (Srivastava et al., 2014): in training a share of the numbers is zero and the others are larger by as much,
// so that their mean stays; in use nothing is done. One mask holds for all time steps of a sample.
#include "layers/layer.h"

namespace rvb::layers {

namespace {

// Masks are of samples; that of each sample has all its steps, which come first in x.
ir::Value draw(Build& build, std::vector<int64_t> dims, double rate) {
  std::vector<int64_t> order;
  if (dims[0] != ir::batch) {
    std::swap(dims[0], dims[1]);
    for (size_t axis = 0; axis < dims.size(); ++axis)
      order.push_back(static_cast<int64_t>(axis < 2 ? 1 - axis : axis));
  }
  const ir::Value drawn =
      build.make(ir::Opcode::dropout_mask, {build.key},
                 {{"dims", dims}, {"operation", static_cast<int64_t>(build.values.size())}, {"rate", rate}}, "mask");
  return order.empty() ? drawn : build.make(ir::Opcode::permute, {drawn}, {{"order", order}}, "masks");
}

// x times a mask of the dimensions `dims`, those of x or its first ones; time, where x has it and the mask has not,
// comes on top.
ir::Value masked(Build& build, std::vector<int64_t> dims, bool every_step) {
  const double rate = build.layer().arguments.number("rate");
  const ir::Value x = build.input();
  if (!build.training() || rate == 0)
    return x;
  ir::Value drawn = draw(build, dims, rate);
  std::vector<int64_t> whole = build.type(x).dims;
  if (!every_step && build.layer().has_time)
    whole.erase(whole.begin());
  std::vector<int64_t> axes, sizes;
  for (size_t axis = dims.size(); axis < whole.size(); ++axis) {
    axes.push_back(static_cast<int64_t>(axis));
    sizes.push_back(whole[axis]);
  }
  if (!axes.empty())
    drawn = build.make(ir::Opcode::expand, {drawn}, {{"axes", axes}, {"sizes", sizes}}, "masks");
  if (!every_step && build.layer().has_time)
    drawn = build.make(ir::Opcode::repeat, {drawn}, {{"times", build.network.input.steps}}, "masks");
  return build.make(ir::Opcode::mul, {x, drawn}, {}, "dropped");
}

ir::Value build(Build& build) {
  const bool every_step = build.layer().arguments.word("each") == "step";
  std::vector<int64_t> dims = build.type(build.input()).dims;
  if (!every_step && build.layer().has_time)
    dims.erase(dims.begin());
  return masked(build, std::move(dims), every_step);
}

Row row(const char* name, std::vector<Slot> slots, ir::Value (*build)(Build&)) {
  Row row = called_row(name, std::move(slots), nullptr, build);
  row.keeps_values = true; // in use
  row.draws = true;
  return row;
}

Row drop_path_row() {
  Row made = row("drop_path", {tensor("x"), number("rate", 0.1, 0, 0.999)},
                 [](Build& build) { return masked(build, {ir::batch}, false); });
  made.reserved = false;
  return made;
}

} // namespace

const Row rows::dropout =
    row("dropout", {tensor("x"), number("rate", 0.5, 0, 0.999), word("each", {"sample", "step"})}, build);
const Row rows::drop_path = drop_path_row();

} // namespace rvb::layers
