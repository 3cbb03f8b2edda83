// What losses are made of: the cross entropy of logits, and the labels, classes or numbers, as a tensor. Only in what a
// network minimises.
#include "layers/layer.h"

namespace rvb::layers {

namespace {

std::optional<Tensor> entropy_output(const Network& network, const Layer& layer, Fault& fault) {
  const Tensor input = network.input_of(layer).tensor();
  if (is_vector(input))
    return Tensor{{}, false, false, false};
  fault = wrong_rank(input, "one number a class [classes]");
  return std::nullopt;
}

ir::Value entropy(Build& build) {
  ir::Attributes attributes;
  if (const double smoothing = build.layer().arguments.number("smoothing"); smoothing > 0)
    attributes["smoothing"] = smoothing;
  return build.make(ir::Opcode::cross_entropy, {build.input(), build.labels}, std::move(attributes), "entropy");
}

// Of logits that are alike the gradient of the entropy is negative at the label and nowhere else.
ir::Value targets(Build& build) {
  const ir::Value alike =
      build.make(ir::Opcode::fill, {},
                 {{"dims", std::vector<int64_t>{ir::batch, build.layer().shape[0]}}, {"value", 0.0}}, "alike");
  const ir::Value slope = build.make(ir::Opcode::cross_entropy_gradient, {alike, build.labels}, {}, "slope");
  const ir::Value here = build.make(ir::Opcode::less, {slope, ir::Operand::literal(0)}, {}, "here");
  return build.make(ir::Opcode::select, {here, ir::Operand::literal(1), ir::Operand::literal(0)}, {}, "targets");
}

std::optional<Tensor> targets_output(const Network& network, const Layer& layer, Fault& fault) {
  const Tensor input = network.input_of(layer).tensor();
  if (is_vector(input) && input.shape[0] > 1)
    return Tensor{input.shape, false};
  fault = wrong_rank(input, "two or more numbers, one a class [classes]");
  return std::nullopt;
}

std::optional<Tensor> target_values_output(const Network& network, const Layer& layer, Fault& fault) {
  const Tensor input = network.input_of(layer).tensor();
  if (is_vector(input))
    return Tensor{input.shape, false};
  fault = wrong_rank(input, "the numbers that are to be learned [numbers]");
  return std::nullopt;
}

// The data's numbers are of the network's output: others cannot be compared with it.
ir::Value target_values(Build& build) {
  return build.labels;
}

Row row(const char* name, std::vector<Slot> slots,
        std::optional<Tensor> (*output)(const Network&, const Layer&, Fault&), ir::Value (*build)(Build&)) {
  Row row = called_row(name, std::move(slots), output, build);
  row.reserved = false;
  row.reads_labels = true;
  return row;
}

Row of_numbers(Row row) {
  row.reads_numbers = true;
  return row;
}

} // namespace

const Row rows::cross_entropy =
    row("cross_entropy", {tensor("logits"), number("smoothing", 0, 0, 1)}, entropy_output, entropy);
const Row rows::targets = row("targets", {tensor("like")}, targets_output, layers::targets);
const Row rows::target_values =
    of_numbers(row("target_values", {tensor("like")}, target_values_output, layers::target_values));

} // namespace rvb::layers
