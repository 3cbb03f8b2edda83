#include "driver/summary.h"

#include "build/compile.h"
#include "build/frontend.h"
#include "build/manifest.h"
#include "build/memory_limit.h"
#include "build/pipeline.h"
#include "build/weights.h"
#include "host/output.h"
#include "layers/layer.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace rvb::driver {

using namespace build;

using nlohmann::ordered_json;

namespace {

std::string shape_text(const sema::Shape& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

// 1234567 -> 1,234,567
std::string grouped(int64_t value) {
  std::string digits = std::to_string(value);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(at, ",");
  return value == 0 ? "" : digits;
}

std::string count(int64_t value) {
  return value == 0 ? "0" : grouped(value);
}

struct Totals {
  int64_t real = 0, binary = 0, multiply_adds = 0, additions = 0, neurons = 0;
  int64_t first = 0;               // operations of the first convolution
  int64_t scaled_outputs = 0;      // outputs of BatchNorm: each keeps one multiplication when deployed
  int64_t binary_convolutions = 0; // layers
  int64_t alphas = 0;
  int64_t packed_bits = 0; // of the binary and ternary weights
  int64_t packed_bytes() const { return real * 4 + (packed_bits + 7) / 8; }
  int64_t operations() const { return multiply_adds + additions; }
};

Totals total(const sema::Program& program, const std::vector<LayerRow>& rows) {
  Totals totals;
  for (const LayerRow& row : rows) {
    if (row.layer->for_loss) { // learns, and is not deployed
      totals.real += row.real_parameters + row.binary_parameters;
      continue;
    }
    const bool convolution = row.layer->synaptic() && row.layer->shape.size() == 3;
    if (convolution && totals.first == 0)
      totals.first = row.multiply_adds + row.additions;
    if (convolution && !row.layer->weights().real())
      ++totals.binary_convolutions;
    if (row.layer->row->family == layers::Family::normalisation)
      totals.scaled_outputs += elements(row.layer->shape);
    totals.real += row.real_parameters;
    totals.binary += row.binary_parameters;
    totals.packed_bits += row.packed_bits();
    totals.multiply_adds += row.multiply_adds;
    totals.additions += row.additions;
    if (row.layer->row->family == layers::Family::neuron)
      totals.neurons += elements(row.layer->shape);
  }
  for (const sema::Parameter& parameter : program.parameters)
    if (parameter.role == sema::Role::alpha)
      totals.alphas += elements(parameter.shape);
  return totals;
}

// What collapse_time did: the steps that @infer and @gradient compute of each layer.
struct Steps {
  std::map<std::string, int64_t> infer, train;
};

// 0: merged into another layer.
int64_t steps_of(const std::map<std::string, int64_t>& steps, const LayerRow& row) {
  auto found = steps.find(row.layer->path);
  return row.layer->path.empty() || found == steps.end() ? 0 : found->second;
}

void print_steps(const sema::Program& program, const Steps& steps, const Options& options) {
  for (const auto& [what, of] : {std::pair{"inference", &steps.infer}, std::pair{"training", &steps.train}}) {
    int64_t once = 0, all = 0;
    for (const auto& [path, count] : *of)
      (count == 1 ? once : all) += 1;
    if (program.input.steps == 1)
      continue;
    if (!options.collapse_time)
      put("time: {} computes all {} steps of every layer (--no-collapse-time)\n", what, program.input.steps);
    else if (all == 0)
      put("time: {} computes 1 of {} steps: proven alike (collapse-time)\n", what, program.input.steps);
    else if (once == 0)
      put("time: {} computes all {} steps of every layer\n", what, program.input.steps);
    else
      put("time: {} computes all {} steps of {} layers, 1 step of {} (collapse-time)\n", what, program.input.steps, all,
          once);
  }
}

void print_table(const sema::Program& program, const std::vector<LayerRow>& rows, const Totals& totals,
                 const std::vector<codegen::Plan>& plans, const Steps& steps, const Options& options) {
  const sema::Input& input = program.input;
  put("{}: {} {} {} T = {}, {} {}\n\n", program.name, input.name, shape_text(input.shape),
      input.sequence ? "over" : "repeated", input.steps, program.classes, program.answers());
  std::vector<std::vector<std::string>> cells = {
      {"layer", "kind", "output", "f32 params", totals.packed_bits == totals.binary ? "1-bit params" : "packed params",
       "multiply-adds", "additions", "steps"}};
  for (const LayerRow& row : rows)
    if (row.layer->row->listed)
      cells.push_back({row.layer->path.empty() ? row.layer->label : row.layer->path, row.layer->row->name,
                       shape_text(row.layer->shape), grouped(row.real_parameters), grouped(row.binary_parameters),
                       grouped(row.multiply_adds), grouped(row.additions), grouped(steps_of(steps.infer, row))});
  cells.push_back({"total", "", "", grouped(totals.real), grouped(totals.binary), grouped(totals.multiply_adds),
                   grouped(totals.additions), ""});
  std::vector<size_t> widths(cells[0].size());
  for (const auto& row : cells)
    for (size_t c = 0; c < row.size(); ++c)
      widths[c] = std::max(widths[c], row[c].size());
  for (size_t r = 0; r < cells.size(); ++r) {
    if (r == 1 || r + 1 == cells.size()) {
      size_t line = 0;
      for (size_t width : widths)
        line += width + 2;
      put("{}\n", std::string(line - 2, '-'));
    }
    for (size_t c = 0; c < cells[r].size(); ++c)
      put(fmt::runtime(c < 3 ? "{:<{}}{}" : "{:>{}}{}"), cells[r][c], widths[c],
          c + 1 == cells[r].size() ? "\n" : "  ");
  }
  put("\nparameters: {} and {} alphas\n", count(totals.real + totals.binary - totals.alphas), count(totals.alphas));
  put("operations a sample and time step, padding taps counted: {}, of which the first convolution {}, all others "
      "{}\n",
      count(totals.operations()), count(totals.first), count(totals.operations() - totals.first));
  put("deployed: {} neurons, {} outputs with a BatchNorm scale, {} binary convolutions, {} {} weights\n",
      count(totals.neurons), count(totals.scaled_outputs), count(totals.binary_convolutions), count(totals.binary),
      totals.packed_bits == totals.binary ? "binary" : "binary and ternary");
  print_steps(program, steps, options);
  put("weights: {} bytes trained (32 bits each), {} bytes deployed\n", grouped((totals.real + totals.binary) * 4),
      grouped(totals.packed_bytes()));
  for (const codegen::Plan& plan : plans)
    put("memory to {}: {} bytes + {} a sample\n", plan.function == "gradient" ? "train" : plan.function,
        plan.static_bytes, grouped(plan.sample_bytes));
}

ordered_json as_json(const sema::Program& program, const std::vector<LayerRow>& rows, const Totals& totals,
                     const std::vector<codegen::Plan>& plans, const Steps& steps, const Options& options) {
  ordered_json j;
  j["schema"] = "rvb.summary/1";
  j["name"] = program.name;
  j["input"] = {{"name", program.input.name},
                {"shape", program.input.shape},
                {"sequence", program.input.sequence},
                {"steps", program.input.steps}};
  j["classes"] = program.classes;
  if (program.regression)
    j["task"] = "regression";
  j["collapse_time"] = options.collapse_time;
  j["layers"] = ordered_json::array();
  for (const LayerRow& row : rows)
    j["layers"].push_back(
        {{"path", row.layer->path},
         {"label", row.layer->label},
         {"kind", row.layer->row->name},
         {"shape", row.layer->shape},
         {"real_parameters", row.real_parameters},
         {"binary_parameters", row.binary_parameters},
         {"multiply_adds", row.multiply_adds},
         {"additions", row.additions},
         {"computed_steps", {{"infer", steps_of(steps.infer, row)}, {"train", steps_of(steps.train, row)}}}});
  j["total"] = {{"parameters", totals.real + totals.binary},
                {"parameters_without_alpha", totals.real + totals.binary - totals.alphas},
                {"alphas", totals.alphas},
                {"real_parameters", totals.real},
                {"binary_parameters", totals.binary},
                {"multiply_adds", totals.multiply_adds},
                {"additions", totals.additions},
                {"operations", totals.operations()},
                {"first_convolution", totals.first},
                {"other_operations", totals.operations() - totals.first},
                {"scaled_outputs", totals.scaled_outputs},
                {"binary_convolutions", totals.binary_convolutions},
                {"neurons", totals.neurons},
                {"trained_bytes", (totals.real + totals.binary) * 4},
                {"deployed_bytes", totals.packed_bytes()}};
  for (const codegen::Plan& plan : plans)
    j["memory"][plan.function] = {{"static_bytes", plan.static_bytes}, {"sample_bytes", plan.sample_bytes}};
  return j;
}

} // namespace

int run_summary(const Options& options) {
  Sources sources;
  sema::Program program = load_program(options, sources);
  kernels::Target target = resolve_target(options);
  ir::Module module = generate(program, {true, true, false});
  blank_teachers(module, program);
  print_generated(module, options);
  run_passes(module, passes_of(training(), facts_of(program, target, options)), options);
  std::vector<codegen::Plan> plans = plan_all(module, target);
  std::optional<TrainingMemory> memory;
  if (!options.mem_limit.empty())
    memory = limit_memory(module, plans, program, target, options, sources);
  std::vector<LayerRow> rows = layer_rows(program);
  Totals totals = total(program, rows);
  Steps steps{computed_steps(program, *module.find("infer")), computed_steps(program, *module.find("gradient"))};
  if (options.json) {
    ordered_json j = as_json(program, rows, totals, plans, steps, options);
    if (memory)
      j["memory_limit"] = {{"bytes", memory->limit},           {"batch", memory->batch},
                           {"planned_bytes", memory->planned}, {"recomputed", memory->repeated},
                           {"operations", memory->operations}, {"more_work", memory->more_work}};
    put("{}\n", j.dump(2));
  } else {
    print_table(program, rows, totals, plans, steps, options);
    if (memory)
      put("{}\n", text(*memory));
  }
  return 0;
}

} // namespace rvb::driver
