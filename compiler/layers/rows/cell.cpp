// A cell: layers that run once a time step, on slices of what flows in and on states that go from step to step. Between
// the rows cell_input and cell stand the layers of its step; all of them become one loop. Not called by these names.
#include "layers/broadcast.h"
#include "layers/layer.h"

namespace rvb::layers {

namespace {

std::optional<Tensor> one_step(const Network& network, const Layer& layer, Fault&) {
  Tensor step = network.input_of(layer).tensor();
  step.has_time = false;
  return step;
}

ir::Value build_input(Build& build) {
  const ir::Value sequence = build.input();
  ir::Type slice = build.type(sequence);
  slice.dims.erase(slice.dims.begin());
  build.loop->sequences.emplace_back(sequence);
  build.loop->slices.push_back(build.ir.function().add_value(std::move(slice), "input"));
  return build.loop->slices.back();
}

ir::Value build_state(Build& build) {
  const Layer& layer = build.layer();
  ir::Operand initial = ir::Operand::literal(layer.expression.number);
  if (!layer.inputs.empty()) { // learned: known before the loop
    std::vector<ir::Op>* body = build.ir.redirect(build.loop->outside);
    initial = expand(build, build.input(), build.network.input_of(layer).tensor(), layer.tensor());
    build.ir.redirect(body);
  }
  build.loop->initial.push_back(initial);
  build.loop->states.push_back(build.ir.function().add_value(type_of(build.network, layer.tensor()),
                                                             layer.label.substr(layer.label.rfind('.') + 1)));
  return build.loop->states.back();
}

// inputs: what the cell returns; then of every state what it is in a step and what it becomes.
std::optional<Tensor> output(const Network& network, const Layer& layer, Fault& fault) {
  for (size_t i = 1; i < layer.inputs.size(); i += 2) {
    const Layer& state = network.input_of(layer, static_cast<int>(i));
    const Layer& next = network.input_of(layer, static_cast<int>(i + 1));
    const std::optional<Tensor> both = common({state.tensor(), next.tensor()});
    if (both && *both == state.tensor() && !next.truth)
      continue;
    fault.code = Code::shapes_differ;
    fault.message = "the state `" + state.label.substr(state.label.rfind('.') + 1) + "` is " + text_of(state.shape) +
                    " and becomes " + (next.truth ? "truth values" : text_of(next.shape));
    fault.label = "in this cell";
    fault.help = "`state ... = 0 over [sizes]` says how large a state is";
    return std::nullopt;
  }
  Tensor emitted = network.input_of(layer).tensor();
  emitted.has_time = emitted.has_batch = true;
  return emitted;
}

ir::Value build_cell(Build& build) {
  const Layer& layer = build.layer();
  Tensor step = layer.tensor();
  step.has_time = false;
  const auto full = [&](int i, const Tensor& to) {
    return expand(build, build.input(i), build.network.input_of(layer, i).tensor(), to);
  };
  const ir::Value emitted = full(0, step);
  std::vector<ir::Value> next;
  for (size_t i = 1; i < layer.inputs.size(); i += 2)
    next.push_back(full(static_cast<int>(i + 1), build.network.input_of(layer, static_cast<int>(i)).tensor()));
  return build.close_loop(emitted, next, "emitted");
}

Row row(const char* name, std::optional<Tensor> (*output)(const Network&, const Layer&, Fault&),
        ir::Value (*build)(Build&)) {
  Row row;
  row.name = name;
  row.output = output;
  row.build = build;
  row.called = false;
  return row;
}

} // namespace

const Row rows::cell_input = [] {
  Row made = row("cell_input", one_step, build_input);
  made.listed = false;
  return made;
}();
const Row rows::cell_state = [] {
  Row made = row(
      "cell_state", [](const Network&, const Layer& layer, Fault&) { return std::optional<Tensor>(layer.tensor()); },
      build_state);
  made.listed = false;
  made.alike_in_time = [](const Network&, const Layer& layer) { return layer.inputs.empty(); }; // begins with a number
  return made;
}();
const Row rows::cell = row("cell", output, build_cell);

} // namespace rvb::layers
