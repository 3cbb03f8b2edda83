// An elementwise operation on tensors: `a * b`, `x > 0`, `exp(x)`, `c ? x : y`. Not called by the name of this row.
#include "layers/broadcast.h"
#include "layers/layer.h"
#include "ops/ops.h"

#include <stdexcept>

namespace rvb::layers {

namespace {

std::vector<Tensor> inputs(const Network& network, const Layer& layer) {
  std::vector<Tensor> tensors;
  for (size_t i = 0; i < layer.inputs.size(); ++i)
    tensors.push_back(network.input_of(layer, static_cast<int>(i)).tensor());
  return tensors;
}

const ir::OperatorInfo& operator_of(const Layer& layer) {
  const ir::OperatorInfo* info = ir::find_operator(layer.expression.operation);
  if (info == nullptr || (info->traits & ir::elementwise) == 0)
    throw std::logic_error("`" + layer.expression.operation + "` is no elementwise operator");
  return *info;
}

bool gives_truth(ir::Opcode opcode) {
  const ops::Form form = ops::meaning(opcode).form;
  return form == ops::Form::comparison || form == ops::Form::logic;
}

std::optional<Tensor> output(const Network& network, const Layer& layer, Fault& fault) {
  const std::vector<Tensor> tensors = inputs(network, layer);
  std::optional<Tensor> all = common(tensors);
  if (!all) {
    fault.code = Code::shapes_differ;
    fault.message = "these tensors do not fit together:";
    for (size_t i = 0; i < tensors.size(); ++i)
      fault.message += (i == 0 ? " " : i + 1 == tensors.size() ? " and " : ", ") + text_of(tensors[i]);
    fault.label = "shapes differ";
    fault.note = "axes are aligned from the channels on, and each must have one size in all of them, or 1";
    fault.shows_inputs = true;
    return std::nullopt;
  }
  all->truth = gives_truth(operator_of(layer).opcode);
  return all;
}

ir::Value build(Build& build) {
  const Layer& layer = build.layer();
  const ir::OperatorInfo& info = operator_of(layer);
  std::vector<ir::Operand> operands;
  for (const Expression& operand : layer.expression.operands) {
    if (operand.kind == Expression::Kind::number) {
      operands.push_back(ir::Operand::literal(operand.number));
      continue;
    }
    const Tensor from = build.network.input_of(layer, operand.local).tensor();
    Tensor to = layer.tensor();
    to.truth = from.truth;
    operands.emplace_back(broadcast(build, build.input(operand.local), from, to));
  }
  ir::Attributes attributes;
  if (info.opcode == ir::Opcode::step) {
    attributes["surrogate"] = layer.expression.surrogate;
    attributes["width"] = layer.expression.width;
  }
  return build.make(info.opcode, std::move(operands), std::move(attributes), info.name);
}

Row row() {
  Row row;
  row.name = "operation";
  row.output = output;
  row.build = build;
  row.called = false;
  row.listed = false;
  row.for_all_samples = true;
  row.alike_in_time = alike_with_inputs;
  return row;
}

} // namespace

const Row rows::operation = row();

} // namespace rvb::layers
