// The mean of groups of neighbouring features: one group votes for one class.
#include "layers/layer.h"

namespace rvb::layers {

namespace {

std::optional<Tensor> output(const Network& network, const Layer& layer, Fault& fault) {
  const Tensor input = network.input_of(layer).tensor();
  const int64_t voters = layer.arguments.size("voters");
  if (!is_vector(input)) {
    fault = wrong_rank(input, "a vector [features]");
    return std::nullopt;
  }
  if (input.shape[0] % voters != 0) {
    fault.code = Code::bad_size;
    fault.message = std::to_string(input.shape[0]) + " features do not divide into groups of " + std::to_string(voters);
    fault.label = "reads " + text_of(input.shape);
    fault.shows_way = true;
    return std::nullopt;
  }
  return Tensor{{input.shape[0] / voters}, input.has_time};
}

ir::Value build(Build& build) {
  const Layer& layer = build.layer();
  const int64_t voters = layer.arguments.size("voters");
  std::vector<int64_t> dims = build.type(build.input()).dims;
  dims.back() = layer.shape[0];
  const std::vector<int64_t> axes = {static_cast<int64_t>(dims.size())};
  dims.push_back(voters);
  const ir::Value groups = build.make(ir::Opcode::reshape, {build.input()}, {{"dims", dims}}, "groups");
  const ir::Value votes =
      build.make(ir::Opcode::reduce, {groups}, {{"axes", axes}, {"kind", std::string("sum")}}, "votes");
  // The sum's share, as pools take theirs: a mean would divide, to other bits.
  return build.make(ir::Opcode::mul, {votes, ir::Operand::literal(1 / static_cast<double>(voters))}, {}, "votes");
}

Row row() {
  Row row;
  row.name = "vote";
  row.slots = {tensor("x"), size("voters")};
  row.output = output;
  row.build = build;
  return row;
}

} // namespace

const Row rows::vote = row();

} // namespace rvb::layers
