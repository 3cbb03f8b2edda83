// NIR, the neuromorphic intermediate representation (Pedersen et al., 2024), https://neuroir.org: nodes and edges in
// HDF5. BatchNorm joins the weights before it; joins are nodes with several edges in, which NIR sums. ../FORMATS.md has
// the discretisation of neurons, and the type RvbLIF for what NIR's have not.
#include "analysis/known.h"
#include "build/deployment/exchange.h"
#include "export/export.h"
#include "export/nir/neuron.h"
#include "files/hdf5_file.h"
#include "layers/layer.h"
#include "support/result.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace rvb::exporting {

namespace {

using nir::Dynamics;
using nir::Numbers;
using Names = std::vector<std::string>;

// Weights that are not written yet, because what follows may join them: [outputs, inputs, taps].
struct Synapses {
  std::vector<double> weights, bias; // bias: may be empty
  Names from;
  bool convolution = false;
};

class Writer {
public:
  Writer(const build::Options& options, double step)
      : options_(options), step_(step), network_(build::with_weights(options)), program_(network_.program),
        file_(options.output), function_(*network_.module.find("infer")) {}

  std::string run() {
    readers_.resize(program_.layers.size());
    for (const sema::Layer& layer : program_.layers)
      for (const int input : layer.inputs)
        ++readers_[static_cast<size_t>(input)];
    for (size_t i = 0; i < program_.layers.size(); ++i)
      names_.push_back(layer(static_cast<int>(i)));
    const sema::Layer& last = program_.layers[static_cast<size_t>(program_.output)];
    put_node("output", "Output", names_[static_cast<size_t>(program_.output)]);
    file_.put_integers("node/nodes/output/shape", last.shape);
    file_.put_text("version", "1.0");
    file_.put_text("node/type", "NIRGraph");
    file_.put_texts("node/edges", edges_);
    file_.put_integer("node/metadata/rvb_steps", program_.input.steps);
    file_.put_text("node/metadata/rvb_input", program_.input.sequence ? "over" : "repeated");
    file_.put_text("node/metadata/rvb_name", program_.name);
    return file_.bytes();
  }

private:
  [[noreturn]] void refuse(const sema::Layer& layer, const std::string& reason) const {
    throw Failure(Exit::user, fmt::format("{}: layer `{}` ({}) has no NIR form: {}", options_.model, title(layer),
                                          layer.row->name, reason));
  }

  // A node that reads the sum of `from`.
  std::string put_node(const std::string& wanted, const std::string& type, const Names& from) {
    std::string name = wanted; // dots are for parts of graphs within graphs
    std::replace(name.begin(), name.end(), '.', '_');
    while (!taken_.insert(name).second)
      name += "_";
    file_.put_text(at(name, "type"), type);
    for (const std::string& source : from)
      edges_.push_back({source, name});
    return name;
  }
  static std::string at(const std::string& node, const std::string& part) { return "node/nodes/" + node + "/" + part; }

  std::vector<float> constant(int layer, sema::Role role) const {
    for (const sema::Parameter& p : program_.parameters)
      if (p.layer == layer && p.role == role)
        return network_.module.constants.at(p.name).floats();
    return {};
  }

  // What the synapses of a layer see, in the IR's order; factors of input channels (alpha) inside.
  std::vector<double> seen(const ir::Operand& operand) const {
    for (const ir::Op& op : function_.ops)
      if (op.opcode == ir::Opcode::scale && op.results[0] == operand.value) {
        std::vector<double> values = seen(op.operands[0]);
        const std::vector<double> factors = seen(op.operands[1]);
        const ir::Type& type = function_.type(operand.value);
        int64_t inner = 1;
        for (int64_t axis = op.integer("axis") + 1; axis < type.rank(); ++axis)
          inner *= type.dims[static_cast<size_t>(axis)];
        for (size_t i = 0; i < values.size(); ++i)
          values[i] *= factors[static_cast<size_t>(static_cast<int64_t>(i) / inner) % factors.size()];
        return values;
      }
    const std::vector<float> numbers = analysis::known_numbers(network_.module, function_, operand).value();
    return {numbers.begin(), numbers.end()};
  }

  const Names& inputs(const sema::Layer& layer) {
    const auto input = static_cast<size_t>(layer.inputs[0]);
    write_synapses(layer.inputs[0]);
    return names_[input];
  }

  Names layer(int index) {
    const sema::Layer& layer = program_.layers[static_cast<size_t>(index)];
    const std::string kind = layer.row->name;
    if (kind == "input") {
      const std::string name = put_node("input", "Input", {});
      file_.put_integers(at(name, "shape"), layer.shape);
      return {name};
    }
    if (kind == "batchnorm")
      return batchnorm(index);
    if (kind == "conv2d" || kind == "linear") {
      waiting_[index] = synapses(index);
      return {};
    }
    if (kind == "add") {
      Names all = inputs(layer);
      write_synapses(layer.inputs[1]);
      for (const std::string& name : names_[static_cast<size_t>(layer.inputs[1])]) {
        if (std::find(all.begin(), all.end(), name) != all.end())
          refuse(layer, "it adds a tensor to itself");
        all.push_back(name);
      }
      return all;
    }
    if (kind == "dropout")
      return inputs(layer);
    if (kind == "mean_over_time") {
      if (index != program_.output)
        refuse(layer, "what follows it has no time");
      return inputs(layer);
    }
    if (kind == "neuron")
      return {neuron(index)};
    if (kind == "avgpool")
      return {
          pool(layer, layer.arguments.pair("kernel"), layer.arguments.pair("stride"), layer.arguments.pair("padding"))};
    if (kind == "global_avgpool") {
      const sema::Shape& shape = program_.input_of(layer).shape;
      const std::string name = pool(layer, {shape[1], shape[2]}, {shape[1], shape[2]}, {0, 0});
      return {flatten(name + "_flat", {shape[0], 1, 1}, {name})};
    }
    if (kind == "flatten")
      return {flatten(title(layer), program_.input_of(layer).shape, inputs(layer))};
    if (kind == "vote")
      return {vote(layer)};
    refuse(layer, kind == "maxpool" ? "NIR has pools of sums and means" : "NIR has nothing like it");
  }

  Synapses synapses(int index) {
    const sema::Layer& layer = program_.layers[static_cast<size_t>(index)];
    Synapses made;
    made.from = inputs(layer);
    made.convolution = std::string(layer.row->name) == "conv2d";
    const auto opcode = made.convolution ? ir::Opcode::conv2d : ir::Opcode::linear;
    const auto op = std::find_if(function_.ops.begin(), function_.ops.end(),
                                 [&](const ir::Op& each) { return each.opcode == opcode && each.layer == layer.path; });
    if (op == function_.ops.end() || op->operands[1].is_literal())
      refuse(layer, "its operations are others");
    // [taps..., inputs, outputs] -> [outputs, inputs, taps...]
    const std::vector<double> values = seen(op->operands[1]);
    const ir::Type& type = function_.type(op->operands[1].value);
    const auto outputs = static_cast<size_t>(type.dims.back()),
               in = static_cast<size_t>(type.dims[type.dims.size() - 2]);
    const size_t taps = values.size() / outputs / in;
    made.weights.resize(values.size());
    for (size_t t = 0; t < taps; ++t)
      for (size_t i = 0; i < in; ++i)
        for (size_t o = 0; o < outputs; ++o)
          made.weights[(o * in + i) * taps + t] = values[(t * in + i) * outputs + o];
    const std::vector<float> bias = constant(index, sema::Role::bias);
    made.bias.assign(bias.begin(), bias.end());
    return made;
  }

  Names batchnorm(int index) {
    const sema::Layer& layer = program_.layers[static_cast<size_t>(index)];
    const int before = layer.inputs[0];
    const auto found = waiting_.find(before);
    if (layer.arguments.word("time") != "joint")
      refuse(layer, "it treats time steps differently");
    if (found == waiting_.end() || readers_[static_cast<size_t>(before)] > 1)
      refuse(layer, "it does not follow a convolution or linear layer that it alone reads");
    Synapses joined = std::move(found->second);
    waiting_.erase(found);
    const std::vector<float> gamma = constant(index, sema::Role::gamma), beta = constant(index, sema::Role::beta),
                             mean = constant(index, sema::Role::running_mean),
                             variance = constant(index, sema::Role::running_variance);
    const double scale = layer.arguments.number("scale"), epsilon = layer.arguments.number("epsilon");
    const size_t outputs = gamma.size(), each = joined.weights.size() / outputs;
    joined.bias.resize(outputs, 0);
    for (size_t o = 0; o < outputs; ++o) {
      const double factor = scale * gamma[o] / std::sqrt(variance[o] + epsilon);
      for (size_t i = 0; i < each; ++i)
        joined.weights[o * each + i] *= factor;
      joined.bias[o] = beta[o] + (joined.bias[o] - mean[o]) * factor;
    }
    normalised_[index] = before;
    waiting_[index] = std::move(joined);
    return {};
  }

  // The node of a convolution or linear layer, once it is known what joins it.
  void write_synapses(int index) {
    const auto found = waiting_.find(index);
    if (found == waiting_.end())
      return;
    const Synapses made = std::move(found->second);
    waiting_.erase(found);
    const auto before = normalised_.find(index);
    const sema::Layer& layer =
        program_.layers[static_cast<size_t>(before == normalised_.end() ? index : before->second)];
    const std::string type = made.convolution ? "Conv2d" : made.bias.empty() ? "Linear" : "Affine";
    const std::string name = put_node(title(layer), type, made.from);
    const sema::Shape& in = program_.input_of(layer).shape;
    std::vector<int64_t> shape = {layer.shape[0], in[0]};
    if (made.convolution) {
      const int64_t groups = layer.arguments.size("groups");
      const layers::Pair& dilation = layer.arguments.pair("dilation");
      shape[1] /= groups;
      const layers::Pair &kernel = layer.arguments.pair("kernel"), &stride = layer.arguments.pair("stride"),
                         &padding = layer.arguments.pair("padding");
      shape.insert(shape.end(), kernel.begin(), kernel.end());
      file_.put_integers(at(name, "stride"), {stride[0], stride[1]});
      file_.put_integers(at(name, "padding"), {padding[0], padding[1]});
      file_.put_integers(at(name, "dilation"), {dilation[0], dilation[1]});
      file_.put_integer(at(name, "groups"), groups);
      file_.put_integers(at(name, "input_shape"), {in[1], in[2]});
    }
    file_.put(at(name, "weight"), shape, {made.weights.begin(), made.weights.end()});
    std::vector<float> bias(made.bias.begin(), made.bias.end());
    if (made.convolution)
      bias.resize(static_cast<size_t>(layer.shape[0]), 0);
    if (!bias.empty())
      file_.put(at(name, "bias"), {layer.shape[0]}, bias);
    names_[static_cast<size_t>(index)] = {name};
  }

  std::string pool(const sema::Layer& layer, const layers::Pair& kernel, const layers::Pair& stride,
                   const layers::Pair& padding) {
    const std::string name = put_node(title(layer), "AvgPool2d", inputs(layer));
    file_.put_integers(at(name, "kernel_size"), {kernel[0], kernel[1]});
    file_.put_integers(at(name, "stride"), {stride[0], stride[1]});
    file_.put_integers(at(name, "padding"), {padding[0], padding[1]});
    return name;
  }

  std::string flatten(const std::string& wanted, const sema::Shape& shape, const Names& from) {
    const std::string name = put_node(wanted, "Flatten", from);
    file_.put_integer(at(name, "start_dim"), int64_t{0});
    file_.put_integer(at(name, "end_dim"), int64_t{-1});
    file_.put_integers(at(name, "input_type"), shape);
    return name;
  }

  std::string vote(const sema::Layer& layer) {
    const std::string name = put_node(title(layer), "Linear", inputs(layer));
    const int64_t classes = layer.shape[0], all = program_.input_of(layer).shape[0], voters = all / classes;
    std::vector<float> weights(static_cast<size_t>(classes * all), 0);
    for (int64_t i = 0; i < all; ++i)
      weights[static_cast<size_t>(i / voters * all + i)] = static_cast<float>(1 / static_cast<double>(voters));
    file_.put(at(name, "weight"), {classes, all}, weights);
    return name;
  }

  // One number for each element of the layer.
  void put_numbers(const std::string& node, const std::string& part, const sema::Layer& layer, const Numbers& numbers) {
    int64_t elements = 1;
    for (const int64_t extent : layer.shape)
      elements *= extent;
    std::vector<float> values(static_cast<size_t>(elements));
    const size_t inner = values.size() / numbers.size();
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<float>(numbers[i / inner]);
    file_.put(at(node, part), layer.shape, values);
  }

  template <class Of> static Numbers map(const Numbers& numbers, const Of& of) {
    Numbers result;
    std::transform(numbers.begin(), numbers.end(), std::back_inserter(result), of);
    return result;
  }
  static Numbers quotient(const Numbers& a, const Numbers& b) {
    Numbers result(std::max(a.size(), b.size()));
    for (size_t i = 0; i < result.size(); ++i)
      result[i] = a[a.size() == 1 ? 0 : i] / b[b.size() == 1 ? 0 : i];
    return result;
  }

  std::string neuron(int index) {
    const sema::Layer& layer = program_.layers[static_cast<size_t>(index)];
    const layers::Neuron& definition = program_.neurons[static_cast<size_t>(layer.neuron)];
    std::vector<Numbers> trained;
    for (const sema::Parameter& p : program_.parameters)
      if (p.layer == index) {
        const std::vector<float> values = network_.module.constants.at(p.name).floats();
        trained.emplace_back(values.begin(), values.end());
      }
    std::string reason;
    const auto found = nir::dynamics_of(definition, trained, reason);
    if (!found)
      refuse(layer, reason + " (" + definition.name + ")");
    const Dynamics& d = *found;
    const auto one = [](double x) { return x == 1; };
    const auto below_one = [](double x) { return x >= 0 && x < 1; };
    const bool integrates = std::all_of(d.leak.begin(), d.leak.end(), one) && !d.current;
    if ((!integrates && !std::all_of(d.leak.begin(), d.leak.end(), below_one)) ||
        (d.current && !std::all_of(d.decay.begin(), d.decay.end(), below_one)))
      refuse(layer, "a membrane keeps a part from 0 to 1 of itself");
    if (integrates && d.drive != Numbers{0})
      refuse(layer, "a membrane without a leak has no resting potential");
    const bool extension = d.real || d.subtracts;
    const std::string name = put_node(title(layer),
                                      extension    ? "RvbLIF"
                                      : integrates ? "IF"
                                      : d.current  ? "CubaLIF"
                                                   : "LIF",
                                      inputs(layer));
    if (extension) {
      file_.put_text(at(name, "spike"), d.real ? "membrane" : "one");
      file_.put_text(at(name, "after"), d.subtracts ? "subtract" : "reset");
      if (d.current)
        refuse(layer, "a current before a spike that NIR has not");
    }
    put_dynamics(name, layer, d, integrates && !extension);
    return name;
  }

  // tau v' = (v_leak - v) + R I, a step of dt forward (FORMATS.md).
  void put_dynamics(const std::string& name, const sema::Layer& layer, const Dynamics& d, bool integrates) {
    const auto share = [](double leak) { return 1 - leak; };
    const auto tau = [&](double leak) { return step_ / (1 - leak); };
    const auto put = [&](const char* part, const Numbers& numbers) { put_numbers(name, part, layer, numbers); };
    if (integrates) {
      put("r", map(d.gain, [&](double gain) { return gain / step_; }));
    } else {
      put(d.current ? "tau_mem" : "tau", map(d.leak, tau));
      put("r", quotient(d.gain, map(d.leak, share)));
      put("v_leak", quotient(d.drive, map(d.leak, share)));
    }
    if (d.current) {
      put("tau_syn", map(d.decay, tau));
      put("w_in", quotient(d.weight, map(d.decay, share)));
    }
    // It compares with >: the number below.
    put("v_threshold", d.strict ? d.threshold : map(d.threshold, [](double x) {
          return double{std::nextafter(static_cast<float>(x), -INFINITY)};
        }));
    put("v_reset", d.subtracts ? Numbers{0} : d.reset);
  }

  const build::Options& options_;
  const double step_;
  const build::Exchange network_;
  const sema::Program& program_;
  runtime::Hdf5File file_;
  const ir::Function& function_;
  std::vector<int> readers_;        // of each layer
  std::vector<Names> names_;        // of the nodes whose sum a layer is
  std::map<int, Synapses> waiting_; // by the layer that would be written
  std::map<int, int> normalised_;   // BatchNorm to the synapses that it has joined
  std::set<std::string> taken_;
  std::vector<std::vector<std::string>> edges_;
};

} // namespace

std::string rows::nir(const build::Options& options, const ModelSettings& settings) {
  return Writer(options, settings.step).run();
}

} // namespace rvb::exporting
