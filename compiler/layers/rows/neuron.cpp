// A neuron of the program: its definition as the body of a scan over time. Not called by the name of this row: programs
// call their definitions.
#include "layers/layer.h"

#include "ops/ops.h"

#include <stdexcept>

namespace rvb::layers {

namespace {

using Locals = std::vector<ir::Operand>;

const Neuron& definition(const Network& network, const Layer& layer) {
  return network.neurons[static_cast<size_t>(layer.neuron)];
}

ir::Operand expression(ir::Builder& builder, const Expression& e, const Locals& locals, const std::string& hint) {
  switch (e.kind) {
  case Expression::Kind::number: return ir::Operand::literal(e.number);
  case Expression::Kind::local: return locals.at(static_cast<size_t>(e.local));
  case Expression::Kind::operation: break;
  }
  const ir::OperatorInfo* info = ir::find_operator(e.operation);
  if (info == nullptr || (info->traits & ir::elementwise) == 0)
    throw std::logic_error("neuron body uses `" + e.operation + "`, which is no elementwise operator");
  std::vector<ir::Operand> operands;
  for (const Expression& operand : e.operands)
    operands.push_back(expression(builder, operand, locals, ""));
  ir::Attributes attributes;
  if (info->opcode == ir::Opcode::step) {
    attributes["surrogate"] = e.surrogate;
    attributes["width"] = e.width;
  }
  return builder.build(info->opcode, std::move(operands), std::move(attributes), hint);
}

// One step: what is emitted, the membrane (the first state as it is when the neuron emits, before any reset) and the
// states after the step.
std::vector<ir::Operand> step(ir::Builder& builder, const Neuron& neuron, Locals locals) {
  locals.resize(neuron.locals.size());
  ir::Operand emitted, membrane;
  for (const Statement& statement : neuron.statements) {
    if (statement.kind == Statement::Kind::emit) {
      emitted = expression(builder, statement.value, locals, "spike");
      if (neuron.states != 0)
        membrane = locals[1];
    } else {
      const auto local = static_cast<size_t>(statement.local);
      locals[local] = expression(builder, statement.value, locals, neuron.locals[local]);
    }
  }
  std::vector<ir::Operand> yields = {emitted};
  if (neuron.states != 0)
    yields.push_back(membrane);
  yields.insert(yields.end(), locals.begin() + 1, locals.begin() + 1 + neuron.states);
  return yields;
}

ir::Value build(Build& build) {
  const Neuron& neuron = definition(build.network, build.layer());
  ir::Function& function = build.ir.function();
  ir::Type slice = build.type(build.input());
  slice.dims.erase(slice.dims.begin());
  ir::Op scan;
  scan.opcode = ir::Opcode::scan;
  scan.operands.emplace_back(build.input());
  scan.attributes["axis"] = int64_t{0};
  if (neuron.states != 0)
    scan.attributes["states"] = int64_t{neuron.states};
  scan.body.emplace_back();
  ir::Body& body = scan.body[0];
  const auto parameter = [&](ir::Operand outside, ir::Type type, const std::string& name) {
    scan.operands.push_back(outside);
    body.parameters.push_back(function.add_value(std::move(type), name));
    return ir::Operand(body.parameters.back());
  };
  Locals states, learned, locals;
  body.parameters.push_back(function.add_value(slice, "input"));
  locals.emplace_back(body.parameters.back());
  if (!neuron.trained.empty())
    scan.attributes["invariants"] = static_cast<int64_t>(neuron.trained.size());
  for (size_t slot = 0; slot < neuron.trained.size(); ++slot) {
    const ir::Value trained = build.parameter(Role::neuron, static_cast<int>(slot));
    learned.push_back(parameter(trained, build.type(trained), neuron.trained[slot].name));
  }
  for (size_t s = 0; s < neuron.initial.size(); ++s)
    states.push_back(parameter(ir::Operand::literal(neuron.initial[s]), slice, neuron.locals[1 + s]));
  locals.insert(locals.end(), states.begin(), states.end());
  locals.insert(locals.end(), learned.begin(), learned.end());
  ir::Builder inside(function, body.ops, &ops::infer);
  body.yields = step(inside, neuron, locals);
  if (build.training() && neuron.states != 0)
    body.yields.erase(body.yields.begin() + 1); // nobody looks at the membrane
  const std::vector<ir::Value> results = build.ir.build_scan(std::move(scan), {"spikes", "membrane"});
  build.show(ir::Role::spikes, results[0]);
  if (neuron.states != 0 && !build.training())
    build.show(ir::Role::membrane, results[1]);
  return results[0];
}

std::vector<Parameter> parameters(const Network& network, const Layer& layer) {
  std::vector<Parameter> made;
  for (const Trained& trained : definition(network, layer).trained) {
    Parameter each;
    each.name = trained.name;
    each.role = Role::neuron;
    each.slot = static_cast<int>(made.size());
    each.shape = {trained.each_channel ? layer.shape[0] : 1};
    each.order = {0};
    if (each.shape[0] != 1) // one for the whole layer is a scalar
      each.memory = each.shape;
    each.initializer.value = trained.initial;
    made.push_back(std::move(each));
  }
  return made;
}

Row row() {
  Row row;
  row.name = "neuron";
  row.family = Family::neuron;
  row.parameters = parameters;
  row.build = build;
  row.called = false;
  return row;
}

} // namespace

const Row rows::neuron = row();

} // namespace rvb::layers
