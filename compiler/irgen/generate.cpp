#include "irgen/generate.h"

#include "irgen/loss.h"
#include "irgen/streaming.h"
#include "layers/axes.h"
#include "layers/layer.h"
#include "ops/ops.h"

#include <stdexcept>

namespace rvb::irgen {

namespace {

using layers::Build;

void give(ir::Function& function, const ir::Port& port, ir::Operand value) {
  function.results.push_back(value);
  function.result_ports.push_back(port);
}

ir::Value declare(ir::Function& function, ir::Type type, const ir::Port& port) {
  const ir::Value value = function.add_value(std::move(type), port.name);
  function.values[static_cast<size_t>(value)].port = port;
  function.parameters.push_back(value);
  return value;
}

ir::Value loss(const sema::Program& program, Build& build) {
  if (program.loss >= 0)
    return layers::mean_of_all(build, build.values[static_cast<size_t>(program.loss)],
                               program.layers[static_cast<size_t>(program.loss)].tensor());
  const sema::Layer& last = program.layers[static_cast<size_t>(program.output)];
  LossInputs in{build, build.values[static_cast<size_t>(program.output)], {}, program.input.steps};
  if (program.ends_time(last))
    in.steps = build.values[static_cast<size_t>(last.inputs[0])];
  return build_loss(program.recipe.loss, in);
}

// Every layer's operations in order, its type held against the one that was checked.
ir::Function generate(const sema::Program& program, Build::Phase phase, const std::string& name) {
  ir::Function function;
  function.name = name;
  ir::Builder builder(function, function.ops, &ops::infer);
  Build build(program, phase, builder);
  build.image = declare(function, layers::type_of(program, {program.input.shape, program.input.sequence}),
                        {ir::Role::input, "image"});
  const bool training = phase == Build::Phase::training;
  if (training)
    build.labels = declare(function,
                           program.regression ? ir::Type{ir::Element::f32, {ir::batch, program.classes}}
                                              : ir::Type{ir::Element::i32, {ir::batch}},
                           {ir::Role::labels, "labels"});
  if (training && program.draws())
    build.key = declare(function, {ir::Element::i32, {2}}, {ir::Role::key, "key"});
  if (training && program.reads_progress())
    build.progress = declare(function, {ir::Element::f32, {}}, {ir::Role::progress, "progress"});
  for (const sema::Parameter& parameter : program.parameters)
    if (parameter.trainable || !training)
      build.parameters[{parameter.layer, parameter.role, parameter.slot}] =
          declare(function, memory_type(parameter), {ir::Role::parameter, parameter.name});
  if (training)
    for (const sema::Parameter& parameter : program.frozen)
      build.parameters[{parameter.layer, parameter.role, parameter.slot}] =
          builder.constant(parameter.name, memory_type(parameter), parameter.name);
  for (const sema::Layer& layer : program.layers) {
    if (layer.for_loss && !training) {
      build.values.push_back(ir::no_value);
      continue;
    }
    builder.set_layer(layer.path);
    if (layer.cell >= 0 && !build.loop)
      build.open_loop();
    const ir::Value value = layer.row->build(build);
    if (function.type(value) != layers::type_of(program, layer.tensor()))
      throw std::logic_error("layer " + layer.label + " has another shape than was checked");
    build.values.push_back(value);
  }
  builder.set_layer("");
  if (training)
    give(function, {ir::Role::loss, "loss"}, loss(program, build));
  give(function, {ir::Role::logits, "logits"}, build.values[static_cast<size_t>(program.output)]);
  for (const layers::Shown& shown : build.shown)
    give(function, shown.port, shown.value);
  return function;
}

} // namespace

ir::Function generate_train(const sema::Program& program) {
  return generate(program, Build::Phase::training, "train");
}

ir::Function generate_observe(const sema::Program& program) {
  return generate(program, Build::Phase::inference, "observe");
}

// What is only looked at goes: results, and what scans yield for them.
ir::Function generate_infer(const sema::Program& program) {
  ir::Function function = generate(program, Build::Phase::inference, "infer");
  for (size_t r = function.results.size(); r-- > 0;)
    if (function.result_ports[r].role != ir::Role::logits) {
      function.results.erase(function.results.begin() + static_cast<int64_t>(r));
      function.result_ports.erase(function.result_ports.begin() + static_cast<int64_t>(r));
    }
  // A scan shows its membrane after what it emits, a loop what enters its synapses.
  for (ir::Op& op : function.ops)
    while ((op.opcode == ir::Opcode::scan || op.opcode == ir::Opcode::loop) && !op.results.empty() &&
           op.body[0].yields.size() > static_cast<size_t>(op.integer("states")) + 1) {
      op.results.erase(op.results.begin() + 1);
      op.body[0].yields.erase(op.body[0].yields.begin() + 1);
    }
  return function;
}

ir::Function generate_step(const sema::Program& program) {
  return step_of(generate_infer(program), program.input.sequence);
}

ir::Type memory_type(const sema::Parameter& parameter) {
  ir::Type type;
  type.dims = parameter.memory;
  return type;
}

} // namespace rvb::irgen
