#include "network/manifest.h"

#include "base/failure.h"
#include "base/json_text.h"
#include "recipe/json.h"

namespace rvb::runtime {

namespace {

using nlohmann::ordered_json;

Parameter parse_parameter(const ordered_json& json) {
  Parameter p;
  p.name = json.at("name");
  p.role = json.at("role");
  p.shape = json.at("shape").get<Shape>();
  p.order = json.at("order").get<std::vector<int>>();
  p.trainable = json.at("trainable");
  p.decays = json.at("decays");
  p.binary = json.value("binary", false);
  p.momentum = json.value("momentum", 0.1);
  p.values = json.value("values", int64_t{0});
  p.initializer = json.at("initializer").at("kind");
  p.initial = json.at("initializer").at("value");
  std::vector<bool> seen(p.shape.size(), false);
  for (int dimension : p.order) {
    if (dimension < 0 || dimension >= static_cast<int>(p.shape.size()) || seen[dimension])
      throw Failure(Exit::internal, "the manifest's order of " + p.name + " is no permutation");
    seen[dimension] = true;
  }
  if (p.order.size() != p.shape.size())
    throw Failure(Exit::internal, "the manifest's order of " + p.name + " is no permutation");
  for (int64_t extent : p.shape)
    p.elements *= extent;
  return p;
}

int64_t product(const Shape& shape) {
  int64_t elements = 1;
  for (int64_t extent : shape)
    elements *= extent;
  return elements;
}

ObservedNeuron parse_neuron(const ordered_json& json) {
  ObservedNeuron n;
  n.path = json.at("path");
  n.neuron = json.at("neuron");
  n.shape = json.at("shape").get<Shape>();
  n.states = json.at("states");
  n.multiplications = json.at("multiplications");
  n.decides = json.value("decides", true);
  return n;
}

rvb_role observed_role(const std::string& name) {
  return name == "input" ? RVB_INPUT : name == "spikes" ? RVB_SPIKES : RVB_EVENTS;
}

ObservedSynapses parse_synapses(const ordered_json& json) {
  ObservedSynapses s;
  s.path = json.at("path");
  s.kind = json.at("kind");
  s.input_role = observed_role(json.at("input").at("role"));
  s.input = json.at("input").at("name");
  s.input_shape = json.at("input_shape").get<Shape>();
  s.shape = json.at("shape").get<Shape>();
  s.first = json.at("first");
  s.binary = json.at("binary");
  s.ternary_threshold = json.value("ternary_threshold", -1.0);
  s.dense = json.at("dense");
  s.weights = json.at("weights");
  s.bytes = json.at("bytes");
  s.scales = json.at("scales");
  if (s.convolution())
    for (int i = 0; i < 2; ++i) {
      s.kernel[i] = json.at("kernel").at(static_cast<size_t>(i));
      s.stride[i] = json.at("stride").at(static_cast<size_t>(i));
      s.padding[i] = json.at("padding").at(static_cast<size_t>(i));
      if (json.contains("dilation"))
        s.dilation[i] = json.at("dilation").at(static_cast<size_t>(i));
    }
  s.groups = json.value("groups", int64_t{1});
  return s;
}

} // namespace

int64_t ObservedNeuron::elements() const {
  return product(shape);
}

std::string ObservedSynapses::input_text() const {
  return input_role == RVB_INPUT ? input : (input_role == RVB_SPIKES ? "spikes:" : "events:") + input;
}

const char* Manifest::packed_kind() const {
  for (const ObservedSynapses& s : synapses)
    if (s.ternary_threshold >= 0)
      return "binary or ternary";
  return "signs";
}

Manifest parse_manifest(const std::string& text) {
  Manifest m;
  try {
    m.json = parse_json(text.data(), text.size());
    const ordered_json& json = m.json;
    if (json.at("schema") != "rvb.manifest/2")
      throw Failure(Exit::internal, "the program's manifest has an unknown schema");
    m.name = json.at("name");
    m.source_hash = json.value("source_hash", "");
    m.compiler = json.value("compiler", "");
    m.target = json.value("target", "");
    m.deployed = json.value("deployed", false);
    m.input = json.at("input").at("shape").get<Shape>();
    m.sequence = json.at("input").value("sequence", false);
    m.steps = json.at("input").value("steps", int64_t{1});
    m.classes = json.at("classes");
    m.regression = json.value("task", "") == "regression";
    m.channels = m.input.at(0);
    for (size_t i = 1; i < m.input.size(); ++i) { // as in the program (interface/program.h)
      m.height *= m.width;
      m.width = m.input[i];
    }
    for (const ordered_json& parameter : json.at("parameters"))
      m.parameters.push_back(parse_parameter(parameter));
    if (json.contains("observe")) {
      for (const ordered_json& neuron : json["observe"].at("neurons"))
        m.neurons.push_back(parse_neuron(neuron));
      for (const ordered_json& synapses : json["observe"].at("synapses"))
        m.synapses.push_back(parse_synapses(synapses));
    }
    for (const ordered_json& range : json.value("ranges", ordered_json::array()))
      m.ranges.push_back({range.at("layer"), range.at("elements"), range.at("channels"),
                          range.value("bits", int64_t{0}), range.value("limit", int64_t{0}), range.value("scale", 1.0),
                          range.value("largest", 0.0)});
    m.recipe = recipe::recipe_from(json.value("recipe", ordered_json::object()));
    auto fits = [&](const std::vector<double>& list) {
      return list.empty() || list.size() == static_cast<size_t>(m.input.size() == 3 ? m.channels : 1);
    };
    if (!fits(m.recipe.mean) || !fits(m.recipe.deviation))
      throw Failure(Exit::internal, "the recipe's normalisation does not fit the channels of the input");
  } catch (const recipe::Unknown& error) {
    throw Failure(Exit::internal, std::string("the recipe: ") + error.what());
  } catch (const nlohmann::json::exception& error) {
    throw Failure(Exit::internal, std::string("the program's manifest is broken: ") + error.what());
  }
  return m;
}

} // namespace rvb::runtime
