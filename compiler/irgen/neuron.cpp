#include "irgen/neuron.h"

#include "ops/ops.h"

#include <stdexcept>

namespace rvb::irgen {

namespace {

using Locals = std::vector<ir::Operand>;

ir::Operand expression(ir::Builder& builder, const sema::Expression& e, const Locals& locals, const std::string& hint) {
  switch (e.kind) {
  case sema::Expression::Kind::number: return ir::Operand::literal(e.number);
  case sema::Expression::Kind::local: return locals.at(e.local);
  case sema::Expression::Kind::operation: break;
  }
  const ir::OperatorInfo* info = ir::find_operator(e.operation);
  if (info == nullptr || (info->traits & ir::elementwise) == 0)
    throw std::logic_error("neuron body uses `" + e.operation + "`, which is no elementwise operator");
  std::vector<ir::Operand> operands;
  for (const sema::Expression& operand : e.operands)
    operands.push_back(expression(builder, operand, locals, ""));
  ir::Attributes attributes;
  if (info->opcode == ir::Opcode::step) {
    attributes["surrogate"] = e.surrogate;
    attributes["width"] = e.width;
  }
  return builder.build(info->opcode, std::move(operands), std::move(attributes), hint);
}

} // namespace

NeuronStep neuron_step(ir::Builder& builder, const sema::Neuron& neuron, ir::Value input,
                       const std::vector<ir::Operand>& states, const std::vector<ir::Operand>& trained) {
  Locals locals(neuron.locals.size());
  locals[0] = input;
  for (int s = 0; s < neuron.states; ++s)
    locals[1 + s] = states[s];
  for (size_t t = 0; t < trained.size(); ++t)
    locals[1 + neuron.states + t] = trained[t];
  NeuronStep step;
  for (const sema::Statement& statement : neuron.statements) {
    if (statement.kind == sema::Statement::Kind::emit) {
      step.emitted = expression(builder, statement.value, locals, "spike");
      if (neuron.states != 0)
        step.membrane = locals[1];
    } else
      locals[statement.local] = expression(builder, statement.value, locals, neuron.locals[statement.local]);
  }
  step.states.assign(locals.begin() + 1, locals.begin() + 1 + neuron.states);
  return step;
}

ir::Value neuron_scan(ir::Builder& builder, const sema::Neuron& neuron, ir::Value input,
                      const std::vector<ir::Value>& trained, const std::string& hint, ir::Value* membranes) {
  ir::Function& function = builder.function();
  ir::Type slice = function.type(input);
  slice.dims.erase(slice.dims.begin());

  ir::Op scan;
  scan.opcode = ir::Opcode::scan;
  scan.operands.push_back(input);
  scan.attributes["axis"] = int64_t{0};
  if (neuron.states != 0)
    scan.attributes["states"] = int64_t{neuron.states};
  scan.body.emplace_back();
  ir::Body& body = scan.body[0];
  body.parameters.push_back(function.add_value(slice, "input"));
  std::vector<ir::Operand> states, learned;
  if (!trained.empty())
    scan.attributes["invariants"] = static_cast<int64_t>(trained.size());
  for (size_t t = 0; t < trained.size(); ++t) {
    scan.operands.push_back(trained[t]);
    body.parameters.push_back(function.add_value(function.type(trained[t]), neuron.trained[t].name));
    learned.push_back(body.parameters.back());
  }
  for (int s = 0; s < neuron.states; ++s) {
    scan.operands.push_back(ir::Operand::literal(neuron.initial[s]));
    ir::Value state = function.add_value(slice, neuron.locals[1 + s]);
    body.parameters.push_back(state);
    states.push_back(state);
  }
  ir::Builder inside(function, body.ops, &ops::infer);
  NeuronStep step = neuron_step(inside, neuron, body.parameters[0], states, learned);
  body.yields.push_back(step.emitted);
  bool seen = membranes != nullptr && neuron.states != 0;
  if (seen)
    body.yields.push_back(step.membrane);
  for (const ir::Operand& state : step.states)
    body.yields.push_back(state);
  std::vector<ir::Value> results = builder.build_scan(std::move(scan), {hint, "membrane"});
  if (membranes != nullptr)
    *membranes = seen ? results[1] : ir::no_value;
  return results[0];
}

} // namespace rvb::irgen
