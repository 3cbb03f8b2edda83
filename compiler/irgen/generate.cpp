#include "irgen/generate.h"

#include "irgen/loss.h"
#include "irgen/neuron.h"
#include "ops/ops.h"

#include <map>
#include <stdexcept>
#include <tuple>

namespace rvb::irgen {

namespace {

// The readings of one network: `infer` uses running statistics, `train` the batch's, `step` takes one frame and keeps
// the membranes outside, `observe` is `infer` with what happens inside as further results.
enum class Mode { infer, train, step, observe };

class Generator {
public:
  Generator(const sema::Program& program, Mode mode, const std::string& name)
      : program_(program), mode_(mode), builder_(function_, function_.ops, &ops::infer) {
    function_.name = name;
  }

  ir::Function run() {
    declare_parameters();
    for (const sema::Layer& layer : program_.layers) {
      builder_.set_layer(layer.path);
      values_.push_back(generate(layer));
    }
    builder_.set_layer("");
    ir::Value logits = values_[program_.output];
    if (mode_ == Mode::train) {
      give("loss", loss(logits));
    }
    give("logits", logits);
    for (auto& [name, value] : extra_results_)
      give(name, value);
    return std::move(function_);
  }

private:
  void give(const std::string& name, ir::Operand value) {
    function_.results.push_back(value);
    function_.result_names.push_back(name);
  }

  ir::Value declare(ir::Type type, const std::string& name) {
    ir::Value value = function_.add_value(std::move(type), name);
    function_.parameters.push_back(value);
    return value;
  }

  // The type of a tensor of this network: PyTorch's [C, H, W] becomes [H, W, C] behind time and batch.
  ir::Type tensor(const sema::Shape& shape, bool has_time) const {
    ir::Type type;
    if (has_time)
      type.dims.push_back(program_.input.steps);
    type.dims.push_back(ir::batch);
    if (shape.size() == 3)
      type.dims.insert(type.dims.end(), {shape[1], shape[2], shape[0]});
    else
      type.dims.insert(type.dims.end(), shape.begin(), shape.end());
    return type;
  }

  void declare_parameters() {
    image_ = declare(tensor(program_.input.shape, program_.input.sequence && mode_ != Mode::step), "image");
    if (mode_ == Mode::train)
      labels_ = declare(ir::Type{ir::Element::i32, {ir::batch}}, "labels");
    if (mode_ == Mode::step)
      declare_states();
    for (const sema::Parameter& parameter : program_.parameters)
      if (parameter.trainable || mode_ != Mode::train)
        parameters_[{parameter.layer, parameter.role, parameter.slot}] =
            declare(memory_type(parameter), parameter.name);
  }

  ir::Value loss(ir::Value logits) {
    const sema::Layer& last = program_.layers[program_.output];
    LossInputs in{builder_, logits, labels_, {}, program_.input.steps};
    if (last.kind == sema::LayerKind::mean_over_time)
      in.steps = values_[last.inputs[0]];
    return build_loss(program_.recipe.loss, in);
  }

  void declare_states() {
    for (const KeptState& state : kept_states(program_))
      states_.push_back(declare(tensor(state.shape, false), "state." + std::to_string(states_.size())));
  }

  ir::Value parameter(int layer, sema::Role role, int slot = 0) const {
    auto found = parameters_.find({layer, role, slot});
    if (found == parameters_.end())
      throw std::logic_error("layer " + std::to_string(layer) + " lacks a parameter");
    return found->second;
  }

  ir::Value input(const sema::Layer& layer, int i = 0) const { return values_[layer.inputs[i]]; }

  // The weights as the synapses see them: w, sign(w), or alpha (one an input channel) times sign(w): Eq. 6 and 12.
  ir::Value weights(const sema::Layer& layer, int64_t input_axis) {
    int index = static_cast<int>(values_.size());
    ir::Value w = parameter(index, sema::Role::weight);
    if (layer.weights == sema::Weights::real)
      return w;
    w = sema::is_ternary(layer.weights) ? ternary(layer, w)
                                        : builder_.build(ir::Opcode::sign, {w}, {{"ste", layer.ste}}, "signs");
    if (!sema::has_alpha(layer.weights))
      return w;
    return builder_.build(ir::Opcode::scale, {w, parameter(index, sema::Role::alpha)}, {{"axis", input_axis}},
                          "weights");
  }

  // -1, 0 or +1; the threshold is a share of the mean of |w| (ternary weight networks, Li and Liu, 2016).
  ir::Value ternary(const sema::Layer& layer, ir::Value w) {
    const ir::Type type = function_.type(w);
    const double inner = static_cast<double>(type.elements_per_sample()) / static_cast<double>(type.channels());
    const ir::Value still = builder_.build(ir::Opcode::detach, {w});
    const ir::Value magnitude = builder_.build(ir::Opcode::abs, {still}, {}, "magnitude");
    const ir::Value sums =
        builder_.build(ir::Opcode::sum, {magnitude}, {{"axis", int64_t{type.rank() - 1}}}, "magnitudes");
    const ir::Value mean = builder_.build(ir::Opcode::mean_time, {sums}, {}, "mean"); // over the outputs
    const ir::Value threshold =
        builder_.build(ir::Opcode::mul, {mean, ir::Operand::literal(layer.ternary_threshold / inner)}, {}, "threshold");
    return builder_.build(ir::Opcode::ternary, {w, threshold}, {{"ste", layer.ste}}, "signs");
  }

  ir::Value with_bias(const sema::Layer& layer, ir::Value sums) {
    if (!layer.bias)
      return sums;
    return builder_.build(ir::Opcode::add, {sums, parameter(static_cast<int>(values_.size()), sema::Role::bias)});
  }

  // What the synapses of `layer` read, unless it is seen already: the image, or what a neuron emits.
  void observe_events(const sema::Layer& layer) {
    std::string name = observed_input(program_, layer);
    if (mode_ == Mode::observe && name == "events:" + layer.path)
      extra_results_.emplace_back(name, input(layer));
  }

  static std::vector<int64_t> pair(const int64_t (&values)[2]) { return {values[0], values[1]}; }

  ir::Value convolution(const sema::Layer& layer) {
    ir::Attributes attributes{{"pad", pair(layer.padding)}, {"stride", pair(layer.stride)}};
    return with_bias(layer,
                     builder_.build(ir::Opcode::conv2d, {input(layer), weights(layer, 2)}, attributes, "current"));
  }

  ir::Value pool(const sema::Layer& layer, ir::Opcode opcode) {
    return builder_.build(
        opcode, {input(layer)},
        {{"kernel", pair(layer.kernel)}, {"pad", pair(layer.padding)}, {"stride", pair(layer.stride)}}, "pooled");
  }

  // Features as one row of pixels of an image with a channel a class: neighbours become pixels of one channel.
  ir::Value vote(const sema::Layer& layer) {
    std::vector<int64_t> size = {1, layer.kernel[1], layer.shape[0]};
    ir::Value groups = builder_.build(ir::Opcode::unflatten, {input(layer)}, {{"size", size}}, "groups");
    return builder_.build(ir::Opcode::global_avgpool, {groups}, {}, "votes");
  }

  ir::Value batchnorm(const sema::Layer& layer) {
    if (layer.over_time == sema::OverTime::joint || mode_ == Mode::step)
      return normalised(layer, input(layer), 0);
    if (layer.over_time == sema::OverTime::scaled)
      return with_step_scale(normalised(layer, input(layer), 0));
    // BNTT (Kim and Panda, 2021): every step by itself.
    const std::vector<std::string> names(static_cast<size_t>(program_.input.steps), "step");
    const std::vector<ir::Value> steps = builder_.build_many(ir::Opcode::split_time, {input(layer)}, {}, names);
    std::vector<ir::Operand> normal;
    for (size_t t = 0; t < steps.size(); ++t)
      normal.push_back(normalised(layer, steps[t], static_cast<int>(t)));
    return builder_.build(ir::Opcode::stack_time, normal, {}, "normal");
  }

  // With the parameters and statistics of one time step, 0 where all share theirs.
  ir::Value normalised(const sema::Layer& layer, ir::Value x, int step) {
    int index = static_cast<int>(values_.size());
    ir::Value gamma = parameter(index, sema::Role::gamma, step);
    if (layer.scale != 1)
      gamma = builder_.build(ir::Opcode::mul, {gamma, ir::Operand::literal(layer.scale)}, {}, "gamma");
    ir::Value beta = parameter(index, sema::Role::beta, step);
    if (mode_ != Mode::train)
      return builder_.build(ir::Opcode::batchnorm_inference,
                            {x, gamma, beta, parameter(index, sema::Role::running_mean, step),
                             parameter(index, sema::Role::running_variance, step)},
                            {{"epsilon", layer.epsilon}}, "normal");
    std::vector<ir::Value> results = builder_.build_many(ir::Opcode::batchnorm, {x, gamma, beta},
                                                         {{"copies", int64_t{1}}, {"epsilon", layer.epsilon}},
                                                         {"normal", "mean", "variance", "unbiased"});
    const std::string own = layer.over_time == sema::OverTime::separate ? "." + std::to_string(step) : "";
    extra_results_.emplace_back("batch:" + layer.path + own + ".running_mean", results[1]);
    extra_results_.emplace_back("batch:" + layer.path + own + ".running_var", results[3]);
    return results[0];
  }

  // TEBN (Duan et al., 2022): a learned factor for each time step. One step alone does not know which one it is; @step
  // is there for counting only then (sema::Program::streams).
  ir::Value with_step_scale(ir::Value normal) {
    const ir::Value factors = parameter(static_cast<int>(values_.size()), sema::Role::step_scale);
    return builder_.build(ir::Opcode::scale, {normal, factors}, {{"axis", int64_t{0}}}, "normal");
  }

  ir::Operand neuron(const sema::Layer& layer) {
    const sema::Neuron& neuron = program_.neurons[layer.neuron];
    std::vector<ir::Value> trained;
    for (size_t slot = 0; slot < neuron.trained.size(); ++slot)
      trained.push_back(parameter(static_cast<int>(values_.size()), sema::Role::neuron, static_cast<int>(slot)));
    if (mode_ == Mode::observe) {
      ir::Value membranes = ir::no_value;
      ir::Value spikes = neuron_scan(builder_, neuron, input(layer), trained, "spikes", &membranes);
      extra_results_.emplace_back("spikes:" + layer.path, spikes);
      if (membranes != ir::no_value)
        extra_results_.emplace_back("membrane:" + layer.path, membranes);
      return spikes;
    }
    if (mode_ != Mode::step)
      return neuron_scan(builder_, neuron, input(layer), trained, "spikes");
    std::vector<ir::Operand> states(states_.begin() + next_state_, states_.begin() + next_state_ + neuron.states);
    NeuronStep step = neuron_step(builder_, neuron, input(layer), states, {trained.begin(), trained.end()});
    for (const ir::Operand& state : step.states)
      keep(materialize(state, tensor(layer.shape, false)));
    return materialize(step.emitted, tensor(layer.shape, false));
  }

  // What the next step is to read in place of the next state.
  void keep(ir::Operand state) { extra_results_.emplace_back("state:" + std::to_string(next_state_++), state); }

  // One step: the mean of what has come so far, so that whatever follows reads what it reads of a whole sequence. The
  // sum runs in mean_time's order, to its bits. It is no `add`: as an elementwise operation it would join the neuron's
  // scan, and what passes do there (other units, integers) would no longer be what they do in @infer.
  ir::Value running_mean(const sema::Layer& layer) {
    const ir::Value before = states_[next_state_], count = states_[next_state_ + 1];
    const ir::Value both = builder_.build(ir::Opcode::stack_time, {before, input(layer)}, {}, "both");
    const ir::Value sum = builder_.build(ir::Opcode::sum_time, {both}, {}, "sum");
    const ir::Value steps = builder_.build(ir::Opcode::add, {count, ir::Operand::literal(1)}, {}, "steps");
    keep(sum);
    keep(steps);
    return builder_.build(ir::Opcode::div, {sum, steps}, {}, "logits");
  }

  // A step may come out as a literal (a neuron that never emits): give it the tensor it stands for.
  ir::Value materialize(const ir::Operand& operand, const ir::Type& type) {
    if (!operand.is_literal() && function_.type(operand.value) == type)
      return operand.value;
    ir::Value zero = builder_.build(ir::Opcode::mul, {states_or_image(type), ir::Operand::literal(0.0)});
    return builder_.build(ir::Opcode::add, {zero, operand});
  }

  ir::Value states_or_image(const ir::Type& type) const {
    for (ir::Value state : states_)
      if (function_.type(state) == type)
        return state;
    for (ir::Value value : values_)
      if (function_.type(value) == type)
        return value;
    throw std::logic_error("no tensor of the neuron's shape");
  }

  ir::Value generate(const sema::Layer& layer) {
    using sema::LayerKind;
    switch (layer.kind) {
    case LayerKind::input:
      if (program_.input.sequence || mode_ == Mode::step)
        return image_;
      return builder_.build(ir::Opcode::repeat, {image_}, {{"times", program_.input.steps}}, "frames");
    case LayerKind::conv2d: observe_events(layer); return convolution(layer);
    case LayerKind::linear:
      observe_events(layer);
      return with_bias(layer, builder_.build(ir::Opcode::linear, {input(layer), weights(layer, 0)}, {}, "current"));
    case LayerKind::batchnorm: return batchnorm(layer);
    case LayerKind::neuron: return neuron(layer).value;
    case LayerKind::avgpool: return pool(layer, ir::Opcode::avgpool);
    case LayerKind::maxpool: return pool(layer, ir::Opcode::maxpool);
    case LayerKind::global_avgpool: return builder_.build(ir::Opcode::global_avgpool, {input(layer)}, {}, "pooled");
    case LayerKind::flatten: return builder_.build(ir::Opcode::flatten, {input(layer)}, {}, "flat");
    case LayerKind::vote: return vote(layer);
    case LayerKind::add: return builder_.build(ir::Opcode::add, {input(layer, 0), input(layer, 1)}, {}, "joined");
    case LayerKind::mean_over_time:
      if (mode_ == Mode::step)
        return running_mean(layer);
      return builder_.build(ir::Opcode::mean_time, {input(layer)}, {}, "logits");
    }
    throw std::logic_error("unknown layer kind");
  }

  const sema::Program& program_;
  Mode mode_;
  ir::Function function_;
  ir::Builder builder_;
  ir::Value image_ = ir::no_value;
  ir::Value labels_ = ir::no_value;
  std::vector<ir::Value> values_; // one a layer
  std::vector<ir::Value> states_; // step mode, in the order of the layers
  int next_state_ = 0;
  std::map<std::tuple<int, sema::Role, int>, ir::Value> parameters_; // layer, role, slot
  std::vector<std::pair<std::string, ir::Operand>> extra_results_;
};

} // namespace

ir::Function generate_infer(const sema::Program& program) {
  return Generator(program, Mode::infer, "infer").run();
}
ir::Function generate_train(const sema::Program& program) {
  return Generator(program, Mode::train, "train").run();
}
ir::Function generate_step(const sema::Program& program) {
  return Generator(program, Mode::step, "step").run();
}
ir::Function generate_observe(const sema::Program& program) {
  return Generator(program, Mode::observe, "observe").run();
}

std::string observed_input(const sema::Program& program, const sema::Layer& layer) {
  const sema::Layer* from = &program.layers[layer.inputs[0]];
  while (from->kind == sema::LayerKind::flatten) // the same events in another order
    from = &program.layers[from->inputs[0]];
  if (from->kind == sema::LayerKind::input)
    return "image";
  return from->kind == sema::LayerKind::neuron ? "spikes:" + from->path : "events:" + layer.path;
}

} // namespace rvb::irgen
