#include "layers/synapses.h"

#include "layers/broadcast.h"

namespace rvb::layers {

namespace {

// -1, 0 or +1; the threshold is a share of the mean of |w| (ternary weight networks, Li and Liu, 2016).
ir::Value ternary(Build& build, const Weights& weights, ir::Value w) {
  const ir::Type type = build.type(w);
  const double inner = static_cast<double>(type.elements_per_sample()) / static_cast<double>(type.channels());
  const ir::Value still = build.make(ir::Opcode::detach, {w});
  const ir::Value magnitude = build.make(ir::Opcode::abs, {still}, {}, "magnitude");
  const ir::Value sums = build.make(ir::Opcode::sum, {magnitude}, {{"axis", int64_t{type.rank() - 1}}}, "magnitudes");
  const ir::Value mean = build.make(ir::Opcode::reduce, {sums}, // over the outputs
                                    {{"axes", std::vector<int64_t>{0}}, {"kind", std::string("mean")}}, "mean");
  const ir::Value threshold =
      build.make(ir::Opcode::mul, {mean, ir::Operand::literal(weights.threshold / inner)}, {}, "threshold");
  return build.make(ir::Opcode::ternary, {w, threshold}, {{"ste", weights.ste}}, "signs");
}

Parameter vector(const char* name, Role role, Shape shape, int64_t extent, double value) {
  Parameter made;
  made.name = name;
  made.role = role;
  for (size_t i = 0; i < shape.size(); ++i)
    made.order.push_back(static_cast<int>(i));
  made.shape = std::move(shape);
  made.memory = {extent};
  made.initializer.value = value;
  return made;
}

} // namespace

std::vector<Parameter> synapse_parameters(const Layer& layer, const Shape& shape, int64_t in, int64_t out,
                                          double deviation) {
  const Weights& weights = layer.weights();
  Parameter weight;
  weight.name = "weight";
  weight.shape = shape;
  for (int dimension = 2; dimension < static_cast<int>(shape.size()); ++dimension)
    weight.order.push_back(dimension);
  weight.order.insert(weight.order.end(), {1, 0});
  for (const int dimension : weight.order)
    weight.memory.push_back(shape[static_cast<size_t>(dimension)]);
  weight.decays = true;
  weight.binary = !weights.real();
  weight.initializer = {Initializer::Kind::normal, weights.gain * deviation};
  std::vector<Parameter> made;
  if (!through_function(layer)) // else they are a layer of their own
    made.push_back(weight);
  Shape alpha(shape.size(), 1);
  alpha[1] = in;
  if (weights.alpha)
    made.push_back(vector("alpha", Role::alpha, alpha, in, 1));
  if (layer.arguments.flag("bias"))
    made.push_back(vector("bias", Role::bias, {out}, out, 0));
  return made;
}

bool through_function(const Layer& layer) {
  return layer.inputs.size() > 1;
}

namespace {

// What a function made of the latent weights; a line's kernel has a height of 1 in memory.
ir::Value made_weights(Build& build) {
  const Layer& layer = build.layer();
  const Tensor from = build.network.input_of(layer, 1).tensor();
  const Tensor to{layer.latent, false, false, false};
  const ir::Value w = expand(build, build.input(1), from, to);
  if (layer.row != &rows::conv1d)
    return w;
  std::vector<int64_t> dims = build.type(w).dims;
  dims.insert(dims.begin(), 1);
  return build.make(ir::Opcode::reshape, {w}, {{"dims", dims}}, "line");
}

} // namespace

ir::Value synapse_signs(Build& build) {
  const Weights& weights = build.layer().weights();
  const ir::Value w = through_function(build.layer()) ? made_weights(build) : build.parameter(Role::weight);
  if (weights.real())
    return w;
  return weights.ternary() ? ternary(build, weights, w)
                           : build.make(ir::Opcode::sign, {w}, {{"ste", weights.ste}}, "signs");
}

ir::Value synapse_weights(Build& build, int64_t input_axis) {
  const ir::Value signs = synapse_signs(build);
  if (!build.layer().weights().alpha)
    return signs;
  return build.make(ir::Opcode::scale, {signs, build.parameter(Role::alpha)}, {{"axis", input_axis}}, "weights");
}

ir::Value with_bias(Build& build, ir::Value sums) {
  if (!build.layer().arguments.flag("bias"))
    return sums;
  return build.make(ir::Opcode::add, {sums, build.parameter(Role::bias)});
}

void show_events(Build& build) {
  const Layer& layer = build.layer();
  if (observed_input(build.network, layer).role == ir::Role::events)
    build.show(ir::Role::events, build.input());
}

} // namespace rvb::layers
