// Batch normalisation, with a rule for time: statistics of all steps together; a learned factor a step on the output
// besides (TEBN); each step by itself, with parameters and statistics of its own (BNTT); each step by the statistics of
// all up to it, with parameters of its own and a learned factor (TAB).
#include "layers/layer.h"

namespace rvb::layers {

namespace {

constexpr int64_t most_separate_steps = 256;

bool accumulated(const Layer& layer) {
  return layer.arguments.word("time") == "accumulated";
}

// Every step has parameters and statistics of its own.
bool separate(const Layer& layer) {
  return layer.arguments.word("time") == "separate" || accumulated(layer);
}

bool joint(const Layer& layer) {
  return layer.arguments.word("time") == "joint";
}

std::optional<Tensor> output(const Network& network, const Layer& layer, Fault& fault) {
  const Tensor input = network.input_of(layer).tensor();
  if (layer.cell >= 0) {
    fault.code = Code::misplaced_statement;
    fault.message = "batch normalisation in the step of a cell";
    fault.label = "its statistics are those of all steps";
    fault.help = "normalise what flows into the cell";
    return std::nullopt;
  }
  if (!joint(layer) && !input.has_time) {
    fault = no_time(input, "be normalised one by one");
    return std::nullopt;
  }
  if (separate(layer) && network.input.steps > most_separate_steps) {
    fault.code = Code::too_large;
    fault.message = "batch normalisation of " + std::to_string(network.input.steps) + " separate time steps";
    fault.label = "at most " + std::to_string(most_separate_steps);
    return std::nullopt;
  }
  return input;
}

std::vector<Parameter> parameters(const Network& network, const Layer& layer) {
  const int64_t channels = layer.shape[0], sets = separate(layer) ? network.input.steps : 1;
  std::vector<Parameter> made;
  for (int64_t t = 0; t < sets; ++t) {
    const std::string step = separate(layer) ? std::to_string(t) + "." : "";
    const auto add = [&](const std::string& name, Role role, int64_t extent, double initial) {
      Parameter each;
      each.name = name;
      each.role = role;
      each.slot = static_cast<int>(t);
      each.shape = each.memory = {extent};
      each.order = {0};
      each.trainable = role != Role::running_mean && role != Role::running_variance;
      each.momentum = layer.arguments.number("momentum");
      each.initializer.value = initial;
      made.push_back(std::move(each));
    };
    add(step + "weight", Role::gamma, channels, 1);
    add(step + "bias", Role::beta, channels, 0);
    if (layer.arguments.word("time") == "scaled" || (accumulated(layer) && t == 0))
      add("step_scale", Role::step_scale, network.input.steps, 1);
    add(step + "running_mean", Role::running_mean, channels, 0);
    add(step + "running_var", Role::running_variance, channels, 1);
  }
  return made;
}

// With the parameters and statistics of one time step, 0 where all share theirs.
ir::Value normalised(Build& build, ir::Value x, int step) {
  const Arguments& arguments = build.layer().arguments;
  const double scale = arguments.number("scale"), epsilon = arguments.number("epsilon");
  ir::Value gamma = build.parameter(Role::gamma, step);
  if (scale != 1)
    gamma = build.make(ir::Opcode::mul, {gamma, ir::Operand::literal(scale)}, {}, "gamma");
  const ir::Value beta = build.parameter(Role::beta, step);
  if (!build.training())
    return build.make(
        ir::Opcode::batchnorm_inference,
        {x, gamma, beta, build.parameter(Role::running_mean, step), build.parameter(Role::running_variance, step)},
        {{"epsilon", epsilon}}, "normal");
  const std::vector<ir::Value> results =
      build.ir.build_many(ir::Opcode::batchnorm, {x, gamma, beta}, {{"copies", int64_t{1}}, {"epsilon", epsilon}},
                          {"normal", "mean", "variance", "unbiased"});
  build.update(Role::running_mean, step, results[1]);
  build.update(Role::running_variance, step, results[3]);
  return results[0];
}

// TAB (Jiang et al., 2024): step t by the mean and variance of steps 0 to t.
ir::Value by_steps_so_far(Build& build) {
  const auto steps = [&](ir::Value x, int64_t begin, int64_t size) {
    return build.make(ir::Opcode::slice, {x}, {{"axis", int64_t{0}}, {"begin", begin}, {"size", size}}, "steps");
  };
  std::vector<ir::Operand> normal;
  for (int64_t t = 0; t < build.network.input.steps; ++t)
    normal.emplace_back(steps(normalised(build, steps(build.input(), 0, t + 1), static_cast<int>(t)), t, 1));
  return build.make(ir::Opcode::concat, normal, {{"axis", int64_t{0}}}, "normal");
}

// Its factors are squares, so that they stay positive.
ir::Value scaled_by_squares(Build& build, ir::Value normal) {
  const ir::Value factor = build.parameter(Role::step_scale);
  const ir::Value square = build.make(ir::Opcode::mul, {factor, factor}, {}, "square");
  return build.make(ir::Opcode::scale, {normal, square}, {{"axis", int64_t{0}}}, "normal");
}

ir::Value build(Build& build) {
  const Layer& layer = build.layer();
  if (joint(layer))
    return normalised(build, build.input(), 0);
  if (!separate(layer)) { // TEBN (Duan et al., 2022)
    const ir::Value normal = normalised(build, build.input(), 0);
    return build.make(ir::Opcode::scale, {normal, build.parameter(Role::step_scale)}, {{"axis", int64_t{0}}}, "normal");
  }
  if (accumulated(layer) && build.training())
    return scaled_by_squares(build, by_steps_so_far(build));
  // BNTT (Kim and Panda, 2021).
  const std::vector<std::string> names(static_cast<size_t>(build.network.input.steps), "step");
  const std::vector<ir::Value> steps = build.ir.build_many(ir::Opcode::split_time, {build.input()}, {}, names);
  std::vector<ir::Operand> normal;
  for (size_t t = 0; t < steps.size(); ++t)
    normal.push_back(normalised(build, steps[t], static_cast<int>(t)));
  const ir::Value all = build.make(ir::Opcode::stack_time, normal, {}, "normal");
  return accumulated(layer) ? scaled_by_squares(build, all) : all;
}

Row row() {
  Row row;
  row.name = "batchnorm";
  row.family = Family::normalisation;
  row.slots = {tensor("x"), number("epsilon", 1e-5, 1e-12, 1), number("momentum", 0.1, 0, 1),
               number("scale", 1, 1e-6, 1e6), // a constant factor on gamma (tdBN)
               word("time", {"joint", "scaled", "separate", "accumulated"})};
  row.output = output;
  row.parameters = parameters;
  row.build = build;
  row.alike_in_time = [](const Network&, const Layer& layer) { return joint(layer); };
  return row;
}

} // namespace

const Row rows::batchnorm = row();

} // namespace rvb::layers
