// A network in NIR as a text of the language and a file of weights.
#include "import/import.h"
#include "import/nir/graph.h"
#include "import/nir/neuron.h"

#include "base/failure.h"
#include "build/frontend.h"
#include "files/weights.h"
#include "host/output.h"
#include "host/paths.h"
#include "sema/check.h"
#include "support/diagnostics.h"
#include "support/result.h"
#include "support/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

namespace rvb::importing {

namespace {

using nir::Entry;
using nir::Node;

class Network {
public:
  Network(const Request& request) : request_(request), graph_(nir::read_graph(request.file)) {}

  void read() {
    factors_.resize(graph_.nodes.size(), 1);
    for (size_t i = 0; i < graph_.nodes.size(); ++i)
      node(static_cast<int>(i));
  }

  std::string text() const {
    const int64_t steps = this->steps();
    std::string text =
        fmt::format("// From {}, by rvbc import, a step being {:g} s.\n\nparam T = {}\n",
                    printable(std::filesystem::path(request_.file).filename().string(), 100), request_.step, steps);
    for (const auto& [name, definition] : definitions_)
      text += "\n" + definition;
    return text + fmt::format("\nnetwork {}(v0: [{}] {} T) {{\n{}  return v{} |> mean_over_time\n}}\n", network_name(),
                              fmt::join(shape_, ", "), repeated() ? "repeated" : "over", lines_, output_);
  }

  const runtime::Safetensors& weights() const { return weights_; }

private:
  const Entry* metadata(const std::string& name) const {
    const auto found = graph_.metadata.find(name);
    return found == graph_.metadata.end() ? nullptr : &found->second;
  }

  int64_t steps() const {
    const Entry* said = metadata("rvb_steps");
    if (request_.steps > 0)
      return request_.steps;
    if (said == nullptr || said->numbers.size() != 1 || !(said->numbers[0] >= 1 && said->numbers[0] <= 65536))
      throw Failure(Exit::usage, request_.file + ": NIR does not say how many time steps there are: --steps T");
    return static_cast<int64_t>(said->numbers[0]);
  }

  bool repeated() const {
    const Entry* said = metadata("rvb_input");
    return request_.still || (said != nullptr && said->texts == std::vector<std::string>{"repeated"});
  }

  std::string network_name() const {
    const Entry* said = metadata("rvb_name");
    return said != nullptr && said->texts.size() == 1 && is_word(said->texts[0]) ? said->texts[0] : "Net";
  }

  static bool is_word(const std::string& text) {
    return !text.empty() && text.size() <= 100 && isalpha(static_cast<unsigned char>(text[0])) != 0 &&
           std::all_of(text.begin(), text.end(),
                       [](unsigned char c) { return c < 128 && (isalnum(c) != 0 || c == '_'); });
  }

  // A name of the language for a node, which nobody else has.
  std::string layer_name(const std::string& node) {
    std::string name;
    for (const unsigned char c : node.substr(0, 90))
      name += c < 128 && isalnum(c) != 0 ? static_cast<char>(c) : '_';
    static const std::set<std::string> reserved = {"import", "param",    "let",    "block",  "neuron", "network",
                                                   "recipe", "repeated", "over",   "return", "emit",   "state",
                                                   "if",     "else",     "repeat", "in",     "as",     "and",
                                                   "or",     "not",      "true",   "false",  "trained"};
    if (name.empty() || isalpha(static_cast<unsigned char>(name[0])) == 0)
      name = "n" + name;
    while (reserved.count(name) != 0 || !names_.insert(name).second)
      name += "_";
    return name;
  }

  std::vector<int64_t> integers(const Node& node, const std::string& part, size_t count) const {
    std::vector<int64_t> result;
    for (const double number : graph_.part(node, part).numbers) {
      if (!(std::fabs(number) <= 1e9) || number != std::floor(number))
        graph_.refuse(node, "`" + part + "` is no list of integers");
      result.push_back(static_cast<int64_t>(number));
    }
    if (result.size() == 1 && count == 2)
      result.push_back(result[0]);
    if (result.size() != count && count != 0)
      graph_.refuse(node, fmt::format("`{}` has {} numbers, expected {}", part, result.size(), count));
    return result;
  }

  // The sum of a node's inputs, which carry one factor.
  std::string read(const Node& node, double& factor) const {
    std::string sum;
    factor = factors_[static_cast<size_t>(node.inputs[0])];
    for (const int input : node.inputs) {
      if (factors_[static_cast<size_t>(input)] != factor)
        graph_.refuse(node, "it adds sums of pools of different sizes");
      sum += fmt::format("{}v{}", sum.empty() ? "" : " + ", input);
    }
    return node.inputs.size() == 1 ? sum : "(" + sum + ")";
  }

  void line(int index, const std::string& text) { lines_ += fmt::format("  v{} = {}\n", index, text); }

  void add_weights(const std::string& name, const Node& node, const std::string& part, std::vector<int64_t> shape,
                   double factor) {
    const Entry& entry = graph_.part(node, part);
    int64_t elements = 1;
    for (const int64_t extent : shape)
      elements *= extent;
    if (static_cast<int64_t>(entry.numbers.size()) != elements)
      graph_.refuse(node, fmt::format("`{}` has {} numbers, expected {}", part, entry.numbers.size(),
                                      runtime::shape_text(shape)));
    runtime::Tensor tensor{name, std::move(shape), {}};
    for (const double number : entry.numbers)
      tensor.values.push_back(static_cast<float>(number * factor));
    weights_.tensors.push_back(std::move(tensor));
  }

  void node(int index) {
    const Node& node = graph_.nodes[static_cast<size_t>(index)];
    double& factor = factors_[static_cast<size_t>(index)];
    if (node.type == "Input") { // the only node without inputs: it comes first
      shape_ = integers(node, "shape", 0);
      return;
    }
    const std::string from = read(node, factor);
    if (node.type == "Output") {
      if (factor != 1)
        graph_.refuse(node, "it reads a sum of a pool: there is a mean only");
      line(index, from);
      output_ = index;
    } else if (node.type == "Linear" || node.type == "Affine") {
      linear(index, node, from);
      factor = 1;
    } else if (node.type == "Conv2d") {
      convolution(index, node, from);
      factor = 1;
    } else if (node.type == "AvgPool2d" || node.type == "SumPool2d") {
      const std::vector<int64_t> kernel = integers(node, "kernel_size", 2);
      line(index, fmt::format("{} |> avgpool([{}], stride = [{}], padding = [{}]) as {}", from, fmt::join(kernel, ", "),
                              fmt::join(integers(node, "stride", 2), ", "),
                              fmt::join(integers(node, "padding", 2), ", "), layer_name(node.name)));
      if (node.type == "SumPool2d")
        factor *= static_cast<double>(kernel[0] * kernel[1]);
    } else if (node.type == "Flatten") {
      if (integers(node, "start_dim", 1)[0] != 0 ||
          (integers(node, "end_dim", 1)[0] != -1 && integers(node, "end_dim", 1)[0] != 2))
        graph_.refuse(node, "only all dimensions together are flattened");
      line(index, from + " |> flatten as " + layer_name(node.name));
    } else if (node.type == "Scale") {
      const std::vector<double>& scale = graph_.part(node, "scale").numbers;
      if (scale.empty() || !std::all_of(scale.begin(), scale.end(), [&](double x) { return x == scale[0]; }))
        graph_.refuse(node, "its numbers differ");
      line(index, from);
      factor *= scale[0];
    } else if (nir::is_neuron(node.type)) {
      neuron(index, node, from, factor);
      factor = 1;
    } else {
      graph_.refuse(node, "there is nothing like it here");
    }
  }

  void linear(int index, const Node& node, const std::string& from) {
    const std::vector<int64_t>& shape = graph_.part(node, "weight").shape;
    if (shape.size() != 2)
      graph_.refuse(node, "its weights are no matrix");
    const bool bias = node.type == "Affine";
    const std::string name = layer_name(node.name);
    line(index, fmt::format("{} |> linear({}{}) as {}", from, shape[0], bias ? "" : ", bias = false", name));
    add_weights(name + ".weight", node, "weight", shape, factors_[static_cast<size_t>(node.inputs[0])]);
    if (bias)
      add_weights(name + ".bias", node, "bias", {shape[0]}, 1);
  }

  std::vector<int64_t> padding(const Node& node, const std::vector<int64_t>& kernel,
                               const std::vector<int64_t>& stride) const {
    const Entry& entry = graph_.part(node, "padding");
    if (!entry.text)
      return integers(node, "padding", 2);
    if (entry.texts == std::vector<std::string>{"valid"})
      return {0, 0};
    if (entry.texts != std::vector<std::string>{"same"} || kernel[0] % 2 == 0 || kernel[1] % 2 == 0 || stride[0] != 1 ||
        stride[1] != 1)
      graph_.refuse(node, "its padding is not the same on both sides");
    return {kernel[0] / 2, kernel[1] / 2};
  }

  void convolution(int index, const Node& node, const std::string& from) {
    const std::vector<int64_t>& shape = graph_.part(node, "weight").shape;
    if (shape.size() != 4)
      graph_.refuse(node, "its weights have not four dimensions");
    const int64_t groups = integers(node, "groups", 1)[0];
    if (groups < 1 || shape[0] % groups != 0)
      graph_.refuse(node, fmt::format("its {} channels do not divide into {} groups", shape[0], groups));
    const std::vector<int64_t> dilation = integers(node, "dilation", 2);
    std::string more = groups == 1 ? "" : fmt::format(", groups = {}", groups);
    if (dilation != std::vector<int64_t>{1, 1})
      more += fmt::format(", dilation = [{}]", fmt::join(dilation, ", "));
    const std::vector<int64_t> kernel = {shape[2], shape[3]}, stride = integers(node, "stride", 2);
    const std::string name = layer_name(node.name);
    line(index, fmt::format("{} |> conv2d({}, kernel = [{}], stride = [{}], padding = [{}]{}, bias = true) as {}", from,
                            shape[0], fmt::join(kernel, ", "), fmt::join(stride, ", "),
                            fmt::join(padding(node, kernel, stride), ", "), more, name));
    add_weights(name + ".weight", node, "weight", shape, factors_[static_cast<size_t>(node.inputs[0])]);
    add_weights(name + ".bias", node, "bias", {shape[0]}, 1);
  }

  void neuron(int index, const Node& node, const std::string& from, double factor) {
    const nir::Neuron neuron = nir::neuron_of(graph_, node, request_.step, factor);
    definitions_[neuron.name] = neuron.definition;
    const std::string name = layer_name(node.name);
    std::string arguments;
    for (const nir::Number& number : neuron.numbers) {
      if (neuron.each)
        weights_.tensors.push_back(
            {name + "." + number.name, {static_cast<int64_t>(number.values.size())}, number.values});
      else
        arguments += fmt::format("{}{} = {}", arguments.empty() ? "" : ", ", number.name, number.values[0]);
    }
    line(index,
         fmt::format("{} |> {}{} as {}", from, neuron.name, arguments.empty() ? "" : "(" + arguments + ")", name));
  }

  const Request& request_;
  const nir::Graph graph_;
  std::vector<double> factors_; // on what a node gives, which its readers take in
  std::vector<int64_t> shape_;
  std::string lines_;
  int output_ = 0;
  std::map<std::string, std::string> definitions_;
  std::set<std::string> names_;
  runtime::Safetensors weights_;
};

} // namespace

void import_nir(const build::Options& options, const Request& request) {
  try {
    Network network(request);
    network.read();
    const std::string text = network.text();
    // As it will be compiled: what does not fit shows here.
    Sources sources;
    Diagnostics diagnostics;
    const auto program = sema::check(sources, sources.add(options.output, text), {{}, stdlib_folder()}, diagnostics);
    if (!program)
      build::stop_with(sources, diagnostics, options);
    const std::string weights = std::filesystem::path(options.output).replace_extension(".safetensors").string();
    if (weights == options.output)
      throw Failure(Exit::usage,
                    "-o names the network's text, a .rvb file; its weights go to a .safetensors file of that name");
    runtime::write_weights(weights, network.weights());
    write_text(options.output, text);
    put("{} layers and {} tensors: {} and {}\n", program->layers.size() - 1, network.weights().tensors.size(),
        options.output, weights);
  } catch (const runtime::Failure& failure) {
    throw Failure(static_cast<Exit>(failure.exit), failure.what());
  }
}

} // namespace rvb::importing
