// observe: what every neuron does with some samples, as a file; verify: against such a file of another program, layer
// by layer, with the first difference by name.
#include "commands/commands.h"

#include "base/failure.h"
#include "base/files.h"
#include "base/json_text.h"
#include "base/messages.h"
#include "evaluation/observed.h"
#include "evaluation/scores.h"

#include <algorithm>
#include <fmt/format.h>

namespace rvb::runtime {

namespace {

using nlohmann::ordered_json;

constexpr int64_t few = 16; // samples, where --limit says nothing

Safetensors observed(const Context& context) {
  const Options& options = context.options;
  check_cpu(context.program);
  ParameterSet parameters = load_parameters(context);
  const Split split = options.split == "train" ? Split::train : Split::test;
  std::unique_ptr<Dataset> dataset = open_samples(context, split, false);
  if (options.limit == 0)
    dataset->limit(few);
  return observe(context.program, context.manifest, &parameters, *dataset, options.batch.value_or(few));
}

int64_t decisions(const Safetensors& ours, const Safetensors& theirs, int64_t classes) {
  const Tensor &a = *ours.find("logits"), &b = *theirs.find("logits");
  int64_t differ = 0;
  for (size_t at = 0; at < a.values.size(); at += static_cast<size_t>(classes))
    differ += decision(a.values.data() + at, classes) != decision(b.values.data() + at, classes);
  return differ;
}

std::string layer_of(const LayerDifference& d) {
  return d.name == "logits" ? d.name : d.name.substr(d.name.find(':') + 1);
}

std::string place_text(const LayerDifference& d) {
  const std::string step = d.name == "logits" ? "" : fmt::format(", step {}", d.step);
  return fmt::format("sample {}{}, element {}: {:.7g} here, {:.7g} there", d.sample, step, shape_text(d.place), d.ours,
                     d.theirs);
}

// `differ` below 0: the network decides nothing.
void print_text(const std::vector<LayerDifference>& differences, int64_t differ, int64_t samples, double tolerance) {
  print(
      fmt::format("{:<24}  {:>12}  {:>14}  {:>14}  {:>12}\n", "layer", "numbers", "fire in one", "largest", "beyond"));
  for (const LayerDifference& d : differences)
    print(fmt::format("{:<24}  {:>12}  {:>14}  {:>14.3g}  {:>12}\n", layer_of(d), d.elements,
                      d.name == "logits" ? "" : std::to_string(d.decided), d.largest, d.beyond));
  print(fmt::format("\n{}tolerance {:.3g} of the largest number of a layer\n",
                    differ < 0 ? "" : fmt::format("{} of {} decisions differ; ", differ, samples), tolerance));
}

ordered_json as_json(const std::vector<LayerDifference>& differences, int64_t differ, int64_t samples,
                     double tolerance) {
  ordered_json json = {{"schema", "rvb.verify/1"},
                       {"samples", samples},
                       {"decisions_differ", differ < 0 ? ordered_json() : ordered_json(differ)},
                       {"tolerance", tolerance},
                       {"first", nullptr},
                       {"layers", ordered_json::array()}};
  for (const LayerDifference& d : differences) {
    json["layers"].push_back({{"layer", layer_of(d)},
                              {"numbers", d.elements},
                              {"fire_in_one", d.name == "logits" ? ordered_json() : ordered_json(d.decided)},
                              {"largest", d.largest},
                              {"beyond", d.beyond}});
    if (d.beyond > 0 && json["first"].is_null())
      json["first"] = {{"layer", layer_of(d)}, {"sample", d.sample}, {"step", d.step},
                       {"element", d.place},   {"here", d.ours},     {"there", d.theirs}};
  }
  return json;
}

} // namespace

int run_observe(const Context& context) {
  require(!context.options.output.empty(), "-o FILE.safetensors");
  if (find_function(context.program, "observe") == nullptr)
    tell("note: this program was deployed without --observe: the answers are all there is to see\n");
  write_safetensors(context.options.output, observed(context));
  return 0;
}

int run_verify(const Context& context) {
  const Options& options = context.options;
  require(!options.compare.empty(), "--against FILE.safetensors, from another program's `observe`,");
  const Safetensors theirs = read_safetensors(options.compare);
  const Safetensors ours = observed(context);
  const std::vector<LayerDifference> differences = compare_observed(ours, theirs, options.compare, options.tolerance);
  const int64_t samples = ours.find("logits")->shape[0];
  const int64_t differ = context.manifest.regression ? -1 : decisions(ours, theirs, context.manifest.classes);
  if (options.json)
    print(json_text(as_json(differences, differ, samples, options.tolerance), 2) + "\n");
  else
    print_text(differences, differ, samples, options.tolerance);
  flush_output();
  if (differences.size() == 1)
    tell("note: only the answers can be compared: one of the programs was deployed without --observe\n");
  for (const LayerDifference& d : differences)
    if (d.beyond > 0)
      throw Failure(Exit::verification, "the first difference is in `" + layer_of(d) + "`, " + place_text(d));
  return 0;
}

} // namespace rvb::runtime
