#include "build/manifest.h"

#include "ir/text.h"
#include "irgen/generate.h"
#include "layers/layer.h"
#include "ops/ops.h"
#include "recipe/json.h"

#include <functional>
#include <map>
#include <numeric>
#include <set>

namespace rvb::build {

using nlohmann::ordered_json;

namespace {

ordered_json port_list(const std::vector<codegen::Port>& ports) {
  ordered_json list = ordered_json::array();
  for (const codegen::Port& each : ports) {
    ordered_json dims = ordered_json::array();
    for (int64_t dim : each.type.dims)
      dims.push_back(dim == ir::batch ? ordered_json("batch") : ordered_json(dim));
    list.push_back({{"name", each.port.name},
                    {"role", ir::role_name(each.port.role)},
                    {"element", ir::element_name(each.type.element)},
                    {"dims", std::move(dims)}});
  }
  return list;
}

} // namespace

int64_t elements(const sema::Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

// Operations are counted on the IR as generated, before any pass: the convention of the field's tables, in which every
// time step is computed. An addition under a binary weight is no multiply-add.
std::vector<LayerRow> layer_rows(const sema::Program& program) {
  std::vector<LayerRow> rows;
  std::map<std::string, size_t> by_path;
  for (const sema::Layer& layer : program.layers) {
    rows.push_back({&layer});
    if (!layer.path.empty())
      by_path[layer.path] = rows.size() - 1;
  }
  for (const sema::Parameter& parameter : program.parameters)
    if (parameter.trainable) {
      // latent weights that go through a function have a layer of their own, of the same path
      const std::string& path = program.layers[static_cast<size_t>(parameter.layer)].path;
      LayerRow& row = rows[path.empty() ? static_cast<size_t>(parameter.layer) : by_path[path]];
      (parameter.binary ? row.binary_parameters : row.real_parameters) += elements(parameter.shape);
    }
  const ir::Function infer = irgen::generate_infer(program);
  const std::function<void(const std::vector<ir::Op>&, int64_t)> count_all = [&](const std::vector<ir::Op>& ops,
                                                                                 int64_t times) {
    for (const ir::Op& op : ops) {
      if (op.opcode == ir::Opcode::loop)
        count_all(op.body[0].ops, times * infer.type(op.operands[0].value).dims[0]);
      auto rule = ops::meaning(op.opcode).count;
      auto row = by_path.find(op.layer);
      if (rule == nullptr || row == by_path.end())
        continue;
      const ops::Count count = rule(infer, op);
      const sema::Layer& layer = *rows[row->second].layer;
      const bool binary = !layer.weights().real();
      const int64_t steps = program.runs(layer);
      rows[row->second].additions += times * (count.additions + (binary ? count.multiply_adds : 0)) / steps;
      rows[row->second].multiply_adds += binary ? 0 : times * count.multiply_adds / steps;
    }
  };
  count_all(infer.ops, 1);
  return rows;
}

std::map<std::string, int64_t> computed_steps(const sema::Program& program, const ir::Function& function) {
  std::map<std::string, int64_t> steps;
  std::set<std::string> timeless;
  for (const sema::Layer& layer : program.layers)
    if (!layer.has_time) {
      timeless.insert(layer.path);
      if (layer.cell >= 0 && !layer.path.empty())
        steps[layer.path] = program.runs(layer);
    }
  for (const ir::Op& op : function.ops) {
    if (op.layer.empty() || timeless.count(op.layer) != 0 || op.opcode == ir::Opcode::repeat || op.results.empty())
      continue;
    const std::vector<int64_t>& dims = function.type(op.results[0]).dims;
    if (dims.empty() || (dims[0] != ir::batch && (dims.size() < 2 || dims[1] != ir::batch)))
      continue; // parameters
    int64_t& of = steps[op.layer];
    of = std::max(of, dims[0] == ir::batch ? 1 : dims[0]);
  }
  return steps;
}

// Of every BatchNorm, how many values of a channel one sample brings into the batch's statistics: pixels, and time
// steps where they are not proven alike. What sums over one value has no variance.
std::map<std::string, int64_t> statistic_values(const ir::Module& module) {
  std::map<std::string, int64_t> values;
  if (const ir::Function* gradient = module.find("gradient"))
    for (const ir::Op& op : gradient->ops)
      if (op.opcode == ir::Opcode::moments && !op.operands[0].is_literal()) {
        const ir::Type& type = gradient->type(op.operands[0].value);
        values[op.layer] = type.elements_per_sample() / type.channels();
      }
  return values;
}

ordered_json manifest(const sema::Program& program, const ir::Module& module, const std::vector<codegen::Plan>& plans,
                      const kernels::Target& target, bool deployed) {
  ordered_json m;
  m["schema"] = "rvb.manifest/2";
  m["name"] = program.name;
  m["source_hash"] = program.source_hash;
  m["compiler"] = std::string("rvbc ") + RVB_VERSION;
  m["target"] = target.name;
  m["features"] = target.features;
  m["deployed"] = deployed;
  m["input"] = {{"name", program.input.name},
                {"shape", program.input.shape},
                {"sequence", program.input.sequence},
                {"steps", program.input.steps}};
  m["classes"] = program.classes;
  if (program.regression)
    m["task"] = "regression";
  m["constants"] = ordered_json::object();
  for (const auto& [name, value] : program.constants) {
    if (value == static_cast<double>(static_cast<int64_t>(value)))
      m["constants"][name] = static_cast<int64_t>(value);
    else
      m["constants"][name] = value;
  }
  std::map<std::string, int64_t> steps;
  if (const ir::Function* infer = module.find("infer"))
    steps = computed_steps(program, *infer);
  m["layers"] = ordered_json::array();
  for (const LayerRow& row : layer_rows(program)) {
    ordered_json layer = {{"path", row.layer->path.empty() ? row.layer->label : row.layer->path},
                          {"kind", row.layer->row->name},
                          {"shape", row.layer->shape}};
    if (row.layer->synaptic()) {
      layer["weights"] = row.layer->weights().text();
      layer["bytes"] = row.real_parameters * 4 + (row.packed_bits() + 7) / 8;
      layer["multiply_adds"] = row.multiply_adds;
      layer["additions"] = row.additions;
    }
    if (auto of = steps.find(row.layer->path); of != steps.end() && !row.layer->path.empty())
      layer["computed_steps"] = of->second;
    m["layers"].push_back(layer);
  }
  const std::map<std::string, int64_t> values = statistic_values(module);
  m["parameters"] = ordered_json::array();
  for (const sema::Parameter& p : program.parameters) {
    if (deployed)
      break;
    bool normal = p.initializer.kind == sema::Initializer::Kind::normal;
    m["parameters"].push_back(
        {{"name", p.name},
         {"role", layers::word(p.role)},
         {"shape", p.shape},
         {"order", p.order},
         {"trainable", p.trainable},
         {"decays", p.decays},
         {"binary", p.binary},
         {"momentum", p.momentum},
         {"initializer", {{"kind", normal ? "normal" : "constant"}, {"value", p.initializer.value}}}});
    if (const auto of = values.find(program.layers[p.layer].path);
        of != values.end() && p.role == sema::Role::running_variance)
      m["parameters"].back()["values"] = of->second;
    if (p.binary)
      m["parameters"].back()["window"] = program.layers[static_cast<size_t>(p.layer)].weights().ste;
  }
  m["functions"] = ordered_json::object();
  for (const codegen::Plan& plan : plans)
    m["functions"][plan.function] = {{"arguments", port_list(plan.arguments)},
                                     {"results", port_list(plan.results)},
                                     {"static_bytes", plan.static_bytes},
                                     {"sample_bytes", plan.sample_bytes}};
  if (module.find("observe") != nullptr)
    m["observe"] = observation(program);
  m["recipe"] = recipe::recipe_json(program.recipe);
  return m;
}

} // namespace rvb::build
