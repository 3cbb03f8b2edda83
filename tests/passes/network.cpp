#include "network.h"

#include "ops/ops.h"
#include "same.h"

#include <algorithm>

namespace rvb::tests {

using namespace ir;

namespace {

class Network {
public:
  Network(const Options& options, bool training)
      : options_(options), training_(training), builder_(function_, function_.ops, ops::infer) {
    function_.name = training ? "train" : "infer";
  }

  Function run() {
    Type image{Element::f32, {batch, 6, 6, 2}};
    if (options_.sequence)
      image.dims.insert(image.dims.begin(), options_.steps);
    const Value input = declare(image, "image");
    const Value labels = training_ ? declare({Element::i32, {batch}}, "labels") : no_value;
    Value x =
        options_.sequence ? input : builder_.build(Opcode::repeat, {input}, {{"times", options_.steps}}, "frames");

    x = neuron(norm(conv(x, "stem", 2, 3, 3, 1, false), "stem.bn", 3));
    x = neuron(norm(conv(x, "first", 3, 4, 3, 1, true), "first.bn", 4));
    if (options_.residual) {
      Value y = neuron(norm(conv(x, "block1.a", 4, 4, 3, 1, true), "block1.bn1", 4));
      y = norm(conv(y, "block1.b", 4, 4, 3, 1, true), "block1.bn2", 4);
      x = neuron(builder_.build(Opcode::add, {y, x}, {}, "joined"));
      Value z = neuron(norm(conv(x, "block2.a", 4, 6, 3, 2, true), "block2.bn1", 6));
      z = norm(conv(z, "block2.b", 6, 6, 3, 1, true), "block2.bn2", 6);
      const Value shortcut = norm(conv(pool(x), "block2.down", 4, 6, 1, 1, true), "block2.bn3", 6);
      x = neuron(builder_.build(Opcode::add, {z, shortcut}, {}, "joined"));
    } else {
      x = neuron(norm(conv(pool(x), "second", 4, 6, 3, 1, true), "second.bn", 6));
    }
    builder_.set_layer("");
    x = builder_.build(Opcode::global_avgpool, {x}, {}, "pooled");
    builder_.set_layer("classifier");
    x = builder_.build(Opcode::linear, {x, declare({Element::f32, {6, 3}}, "classifier.weight")});
    x = builder_.build(Opcode::add, {x, declare({Element::f32, {3}}, "classifier.bias")});
    builder_.set_layer("");
    x = builder_.build(Opcode::mean_time, {x}, {}, "logits");
    if (training_)
      give("loss", builder_.build(Opcode::cross_entropy, {x, labels}, {}, "loss"));
    give("logits", x);
    for (const auto& [name, value] : statistics_)
      give(name, value);
    return std::move(function_);
  }

private:
  void give(const std::string& name, Value value) {
    function_.results.push_back(Operand(value));
    function_.result_ports.push_back(port_of_label(name));
  }

  // irgen declares parameters before operations; the order of the list is what counts.
  Value declare(Type type, const std::string& name) {
    const Value value = function_.add_value(std::move(type), name);
    function_.values[static_cast<size_t>(value)].port = port_of_value(name);
    function_.parameters.push_back(value);
    return value;
  }

  Value conv(Value x, const std::string& path, int64_t in, int64_t out, int64_t kernel, int64_t stride, bool binary) {
    builder_.set_layer(path);
    Value w = declare({Element::f32, {kernel, kernel, in, out}}, path + ".weight");
    if (binary) {
      w = builder_.build(Opcode::sign, {w}, {{"ste", 1.0}}, "signs");
      if (options_.alpha)
        w = builder_.build(Opcode::scale, {w, declare({Element::f32, {in}}, path + ".alpha")}, {{"axis", int64_t{2}}},
                           "weights");
    }
    Value y = builder_.build(
        Opcode::conv2d, {x, w},
        {{"pad", std::vector<int64_t>{kernel / 2, kernel / 2}}, {"stride", std::vector<int64_t>{stride, stride}}},
        "current");
    if (options_.bias)
      y = builder_.build(Opcode::add, {y, declare({Element::f32, {out}}, path + ".bias")});
    return y;
  }

  Value norm(Value x, const std::string& path, int64_t channels) {
    builder_.set_layer(path);
    const Type type{Element::f32, {channels}};
    const Value gamma = declare(type, path + ".weight"), beta = declare(type, path + ".bias");
    if (!training_)
      return builder_.build(
          Opcode::batchnorm_inference,
          {x, gamma, beta, declare(type, path + ".running_mean"), declare(type, path + ".running_var")},
          {{"epsilon", 1e-5}}, "normal");
    const std::vector<Value> y =
        builder_.build_many(Opcode::batchnorm, {x, gamma, beta}, {{"copies", int64_t{1}}, {"epsilon", 1e-5}},
                            {"normal", "mean", "variance", "unbiased"});
    statistics_.emplace_back("batch:" + path + ".running_mean", y[1]);
    statistics_.emplace_back("batch:" + path + ".running_var", y[3]);
    return y[0];
  }

  Value pool(Value x) {
    const std::vector<int64_t> two{2, 2}, zero{0, 0};
    return builder_.build(options_.average ? Opcode::avgpool : Opcode::maxpool, {x},
                          {{"kernel", two}, {"pad", zero}, {"stride", two}}, "pooled");
  }

  Value neuron(Value x) {
    builder_.set_layer("");
    Type slice = function_.type(x);
    slice.dims.erase(slice.dims.begin());
    Op scan;
    scan.opcode = Opcode::scan;
    scan.body.resize(1);
    Body& body = scan.body[0];
    const int64_t states = options_.neuron == Neuron::adaptive ? 2 : 1;
    scan.operands = {Operand(x)};
    body.parameters = {function_.add_value(slice, "input")};
    for (int64_t s = 0; s < states; ++s) {
      scan.operands.push_back(Operand::literal(0));
      body.parameters.push_back(function_.add_value(slice, s == 0 ? "u" : "a"));
    }
    scan.attributes = {{"axis", int64_t{0}}, {"states", states}};
    Builder b(function_, body.ops, ops::infer);
    const Operand threshold = Operand::literal(options_.threshold), zero = Operand::literal(0);
    const Value decayed = b.build(Opcode::mul, {body.parameters[1], Operand::literal(options_.leak)});
    const Value u = b.build(Opcode::add, {decayed, body.parameters[0]}, {}, "membrane");
    switch (options_.neuron) {
    case Neuron::reverb: {
      const Value fires = b.build(Opcode::greater_equal, {u, threshold}, {}, "fires");
      body.yields = {b.build(Opcode::select, {fires, u, zero}), b.build(Opcode::select, {fires, zero, u})};
      break;
    }
    case Neuron::reverb_soft: {
      const Value fires = b.build(Opcode::greater_equal, {u, threshold}, {}, "fires");
      const Value less = b.build(Opcode::sub, {u, threshold});
      body.yields = {b.build(Opcode::select, {fires, u, zero}), b.build(Opcode::select, {fires, less, u})};
      break;
    }
    case Neuron::lif: {
      const Value over = b.build(Opcode::sub, {u, threshold});
      const Value spike =
          b.build(Opcode::step, {over}, {{"surrogate", std::string("triangle")}, {"width", 1.0}}, "spike");
      const Value silent = b.build(Opcode::sub, {Operand::literal(1), spike});
      body.yields = {spike, b.build(Opcode::mul, {u, silent})};
      break;
    }
    case Neuron::adaptive: {
      const Value over = b.build(Opcode::sub, {u, body.parameters[2]});
      const Value spike =
          b.build(Opcode::step, {over}, {{"surrogate", std::string("sigmoid")}, {"width", 0.5}}, "spike");
      const Value reset = b.build(Opcode::sub, {u, b.build(Opcode::mul, {spike, Operand::literal(0.5)})});
      const Value grown = b.build(Opcode::add, {b.build(Opcode::mul, {body.parameters[2], Operand::literal(0.9)}),
                                                b.build(Opcode::mul, {spike, Operand::literal(0.3)})});
      body.yields = {b.build(Opcode::mul, {spike, u}), reset, grown};
      break;
    }
    case Neuron::leaky: body.yields = {b.build(Opcode::tanh, {u}), u}; break;
    }
    return builder_.build_scan(std::move(scan), {"spikes"})[0];
  }

  const Options options_;
  const bool training_;
  Function function_;
  Builder builder_;
  std::vector<std::pair<std::string, Value>> statistics_;
};

} // namespace

Module network(const Options& options) {
  Module module;
  module.functions.push_back(Network(options, false).run());
  module.functions.push_back(Network(options, true).run());
  return module;
}

Module with_constants(const Module& module, unsigned seed, Edit edit) {
  Module result;
  Function function = *module.find("infer");
  const std::vector<interpreter::Tensor> values = arguments(function, 1, seed);
  std::vector<Op> constants;
  for (size_t i = 1; i < function.parameters.size(); ++i) {
    const Value parameter = function.parameters[i];
    const std::string name = function.values[parameter].name;
    std::vector<float> floats(values[i].data.begin(), values[i].data.end());
    if (edit)
      edit(name, floats);
    result.constants[name] = Constant::from_floats(function.type(parameter).dims, floats);
    Op op;
    op.opcode = Opcode::constant;
    op.attributes["name"] = name;
    op.results = {parameter};
    constants.push_back(op);
  }
  function.parameters.resize(1);
  function.ops.insert(function.ops.begin(), constants.begin(), constants.end());
  result.functions.push_back(std::move(function));
  return result;
}

} // namespace rvb::tests
