#include "build/deployment/sparsity.h"

#include "build/frontend.h"
#include "layerkernels/layer.h"
#include "support/diagnostics.h"
#include "support/result.h"
#include "support/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace rvb::build {

namespace {

bool contains(const std::vector<std::string>& list, const std::string& name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

} // namespace

void check_layer_names(const sema::Program& program, const Options& options) {
  std::vector<std::string> binary;
  for (const sema::Layer& layer : program.layers)
    if (!layer.weights().real())
      binary.push_back(layer.path);
  Sources sources;
  Diagnostics diagnostics;
  auto check = [&](const char* option, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      if (contains(binary, name))
        continue;
      const int text = sources.add(option, name);
      Diagnostic& diagnostic =
          diagnostics.report(Code::unknown_layer, {text, 0, static_cast<uint32_t>(name.size())},
                             "the model has no binary layer `" + name + "`", "given on the command line");
      if (const std::string near = nearest(name, binary); !near.empty())
        diagnostic.help("did you mean `" + near + "`?");
      diagnostic.note(binary.empty() ? "it has no binary layers at all"
                                     : fmt::format("its binary layers are: {}", fmt::join(binary, ", ")));
    }
  };
  check("--sparse", options.sparse_layers);
  check("--dense", options.dense_layers);
  if (!diagnostics.empty())
    stop_with(sources, diagnostics, options);
  for (const std::string& name : options.sparse_layers)
    if (contains(options.dense_layers, name))
      throw Failure(Exit::usage, "--sparse and --dense both name `" + name + "`");
}

std::vector<KernelChoice> choose_kernels(const ir::Module& module, const kernels::Target& target,
                                         const Options& options, const Calibration* calibration) {
  std::vector<KernelChoice> choices;
  std::set<std::string> seen;
  const ir::Function& infer = *module.find("infer");
  for (const ir::Op& op : infer.ops) {
    const bool binary = op.opcode == ir::Opcode::binary_conv2d || op.opcode == ir::Opcode::binary_linear;
    if (!binary || !seen.insert(op.layer).second) // the halves of a ternary layer read the same spikes
      continue;
    KernelChoice choice;
    choice.layer = op.layer;
    if (calibration != nullptr && calibration->silence().count(op.layer) != 0)
      choice.silence = calibration->silence().at(op.layer);
    // Without lookups there is one kernel.
    if (layerkernels::has_layer(infer, op, target) && layerkernels::has_events(target)) {
      choice.break_even = layerkernels::break_even(layerkernels::layer(infer, op, nullptr), target);
      choice.sparse = options.sparsity == "sparse" ||
                      (options.sparsity == "auto" && choice.silence && choice.silence->groups > choice.break_even);
      choice.sparse =
          (choice.sparse || contains(options.sparse_layers, op.layer)) && !contains(options.dense_layers, op.layer);
    }
    choices.push_back(choice);
  }
  return choices;
}

std::vector<std::string> sparse_layers(const std::vector<KernelChoice>& choices) {
  std::vector<std::string> layers;
  for (const KernelChoice& choice : choices)
    if (choice.sparse)
      layers.push_back(choice.layer);
  return layers;
}

std::string kernel_table(const std::vector<KernelChoice>& choices) {
  std::string text = fmt::format("{:<24}  {:>13}  {:>13}  {:>11}  kernel\n", "binary layer", "silent spikes",
                                 "silent groups", "sparse from");
  auto percent = [](double share) { return fmt::format("{:.1f} %", 100 * share); };
  for (const KernelChoice& choice : choices)
    text += fmt::format(
        "{:<24}  {:>13}  {:>13}  {:>11}  {}\n", choice.layer, choice.silence ? percent(choice.silence->spikes) : "",
        choice.silence ? percent(choice.silence->groups) : "",
        choice.break_even < 1 ? percent(choice.break_even) : "never", choice.sparse ? "sparse" : "dense");
  return text;
}

void describe_kernels(nlohmann::ordered_json& manifest, const std::vector<KernelChoice>& choices) {
  for (nlohmann::ordered_json& layer : manifest.at("layers"))
    for (const KernelChoice& choice : choices)
      if (layer.at("path") == choice.layer) {
        layer["kernel"] = choice.sparse ? "sparse" : "dense";
        if (choice.silence)
          layer["silent_groups"] = choice.silence->groups;
      }
}

} // namespace rvb::build
