#include "manifest.h"

#include "failure.h"

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

Recipe parse_recipe(const ordered_json& json) {
  Recipe r;
  r.loss = json.value("loss", "cross_entropy");
  r.optimizer = json.value("optimizer", "sgd");
  r.schedule = json.value("schedule", "cosine");
  r.rate = json.value("rate", r.rate);
  r.momentum = json.value("momentum", r.momentum);
  r.weight_decay = json.value("weight_decay", r.weight_decay);
  r.epochs = json.value("epochs", r.epochs);
  r.batch = json.value("batch", r.batch);
  r.augment = augmentation_from_json(json.value("augment", ordered_json::array()));
  r.frames = json.value("frames", r.frames);
  r.resize = json.value("resize", r.resize);
  r.mean = json.value("mean", r.mean);
  r.deviation = json.value("deviation", r.deviation);
  return r;
}

} // namespace

const FunctionInfo* Manifest::find(const std::string& function) const {
  for (const FunctionInfo& info : functions)
    if (info.name == function)
      return &info;
  return nullptr;
}

Manifest parse_manifest(const std::string& text) {
  Manifest m;
  try {
    m.json = ordered_json::parse(text);
    const ordered_json& json = m.json;
    if (json.at("schema") != "rvb.manifest/1")
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
    m.channels = m.input.at(0);
    if (m.input.size() == 3) {
      m.height = m.input[1];
      m.width = m.input[2];
    }
    for (const ordered_json& parameter : json.at("parameters"))
      m.parameters.push_back(parse_parameter(parameter));
    for (auto& [name, function] : json.at("functions").items())
      m.functions.push_back({name, function.at("arguments").get<std::vector<std::string>>(),
                             function.at("results").get<std::vector<std::string>>()});
    m.recipe = parse_recipe(json.value("recipe", ordered_json::object()));
    auto fits = [&](const std::vector<float>& list) {
      return list.empty() || list.size() == static_cast<size_t>(m.input.size() == 3 ? m.channels : 1);
    };
    if (!fits(m.recipe.mean) || !fits(m.recipe.deviation))
      throw Failure(Exit::internal, "the recipe's normalisation does not fit the channels of the input");
  } catch (const nlohmann::json::exception& error) {
    throw Failure(Exit::internal, std::string("the program's manifest is broken: ") + error.what());
  }
  return m;
}

} // namespace rvb::runtime
