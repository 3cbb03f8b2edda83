#include "build/deployment/packing.h"

#include "analysis/known.h"
#include "build/compilation.h"
#include "build/linking/link.h"
#include "build/manifest.h"
#include "build/weights.h"
#include "data/drawn.h"
#include "files/packed.h"
#include "host/output.h"
#include "layers/layer.h"
#include "passes/passes.h"
#include "support/result.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>

namespace rvb::build {

using nlohmann::ordered_json;
using runtime::Safetensors;
using runtime::Tensor;

namespace {

using Values = std::map<std::string, std::vector<float>>; // by parameter, in the order on disk

constexpr double largest_half = 65504;

// What the synapses see of binary and ternary weights: -1, 0 and +1, as a deployed program has them.
Values seen(const sema::Program& program, ir::Module module, const Safetensors& file) {
  Values values;
  bind_weights(module, program, file);
  passes::run(module, {"canonicalize"}, {});
  const ir::Function& infer = *module.find("infer");
  std::map<std::string, const sema::Parameter*> latents; // by layer
  for (const sema::Parameter& parameter : program.parameters)
    if (parameter.binary && program.layers[static_cast<size_t>(parameter.layer)].synaptic()) // else f(w) has the signs
      latents[program.layers[static_cast<size_t>(parameter.layer)].path] = &parameter;
  for (const ir::Op& op : infer.ops) {
    if (op.opcode != ir::Opcode::sign && op.opcode != ir::Opcode::ternary)
      continue;
    const auto latent = latents.find(op.layer);
    const auto known = analysis::known_numbers(module, infer, ir::Operand(op.results[0]));
    if (latent != latents.end() && known)
      values[latent->second->name] = disk_order(*latent->second, *known);
  }
  return values;
}

// What stands for 1 when the weights are unpacked: the mean of |w| of those that are not 0, so that training goes on
// with latents of the size it had, and within the window, since no gradient would pass beyond.
float scale_of(const std::vector<float>& latents, const std::vector<float>& values, double window) {
  double sum = 0;
  int64_t count = 0;
  for (size_t i = 0; i < latents.size(); ++i)
    if (values[i] != 0) {
      sum += std::fabs(static_cast<double>(latents[i]));
      ++count;
    }
  const auto mean = static_cast<float>(count == 0 ? 0 : sum / static_cast<double>(count));
  const auto most = static_cast<float>(window);
  return mean > 0 && std::isfinite(mean) ? std::min(mean, most) : most;
}

class Packing : public Compilation {
public:
  explicit Packing(const Options& options) : Compilation(options) {
    if (options.half && !options.data.empty())
      throw Failure(Exit::usage, "--half and --data exclude each other: --data finds out where half precision changes "
                                 "no decision, --half does not ask");
    Diagnostics diagnostics;
    Exit exit = Exit::ok;
    weights_ = read_weights(program, options.weights, options.strip_prefix, diagnostics, exit);
    if (diagnostics.has_errors())
      stop_with(Sources(), diagnostics, options, exit);
    module = generate(program, {true, false, false, false});
    values_ = seen(program, module, weights_);
    arrange();
  }

  int finish() {
    if (options.half)
      for (const auto& [path, real] : real_)
        halves_.insert(path);
    if (!options.data.empty())
      choose_halves();
    const Safetensors file = packed(halves_);
    Safetensors again = file;
    runtime::unpack(again, options.output);
    if (seen(program, generate(program, {true, false, false, false}), again) != values_)
      throw Failure(Exit::internal, "this is a bug in rvbc: what was packed is not what is unpacked");
    const std::string text = runtime::print_safetensors(file);
    write_text(options.output, text);
    if (!options.quiet)
      report(text.size());
    return 0;
  }

private:
  struct Real {
    std::vector<size_t> tensors; // places in the file
    int64_t elements = 0;
    bool fits = true; // into half precision
  };

  // The tensors of the network in its order, and by layer those that stay real numbers.
  void arrange() {
    Safetensors ours;
    for (const sema::Parameter& parameter : program.parameters) {
      const std::string& path = program.layers[static_cast<size_t>(parameter.layer)].path;
      Tensor tensor = *weights_.find(parameter.name);
      tensor.dtype = "F32";
      if (const auto of = values_.find(parameter.name); of != values_.end()) {
        const bool ternary = program.layers[static_cast<size_t>(parameter.layer)].weights().ternary();
        const double window = program.layers[static_cast<size_t>(parameter.layer)].weights().ste;
        kinds_[parameter.name] = {ternary ? 2 : 1, scale_of(tensor.values, of->second, window)};
        bits_ += static_cast<int64_t>(of->second.size()) * (ternary ? 2 : 1);
      } else {
        Real& real = real_[path];
        real.tensors.push_back(ours.tensors.size());
        real.elements += static_cast<int64_t>(tensor.values.size());
        for (const float value : tensor.values)
          real.fits = real.fits && std::fabs(value) <= largest_half;
      }
      ours.tensors.push_back(std::move(tensor));
    }
    ours.metadata.emplace_back("format", "pt");
    if (const std::string* origin = weights_.find_metadata("rvb.origin"))
      ours.metadata.emplace_back("rvb.origin", *origin);
    weights_ = std::move(ours);
  }

  // With the real numbers of these layers in half precision, where they fit.
  Safetensors packed(const std::set<std::string>& halves) const {
    Safetensors file = weights_;
    for (Tensor& tensor : file.tensors)
      if (const auto of = values_.find(tensor.name); of != values_.end())
        tensor.values = of->second;
    for (const std::string& path : halves)
      for (const size_t place : real_.at(path).tensors)
        if (real_.at(path).fits)
          file.tensors[place].dtype = "F16";
    return runtime::pack(std::move(file), kinds_);
  }

  // All layers, else one after the other, the largest first: each that changes no decision next to those before it.
  void choose_halves() {
    compile();
    const std::string all = folder->path() + "/all.safetensors";
    runtime::write_safetensors(all, weights_);
    samples_ = evaluate(all, {"--output", folder->path() + "/logits.npy"}).at("count").get<int64_t>();
    std::vector<std::pair<int64_t, std::string>> order;
    for (const auto& [path, real] : real_)
      if (real.fits)
        order.emplace_back(-real.elements, path);
    std::sort(order.begin(), order.end());
    std::set<std::string> every;
    for (const auto& [elements, path] : order)
      every.insert(path);
    if (same_decisions(every)) {
      halves_ = every;
      return;
    }
    for (const auto& [elements, path] : order) {
      std::set<std::string> more = halves_;
      more.insert(path);
      if (same_decisions(more))
        halves_ = std::move(more);
    }
  }

  bool same_decisions(const std::set<std::string>& halves) {
    const std::string path = folder->path() + "/half.safetensors";
    runtime::write_safetensors(path, packed(halves));
    const ordered_json found = evaluate(path, {"--compare", folder->path() + "/logits.npy"}).at("comparison");
    return found.at("decisions_differ") == 0 && found.at("ties") == 0;
  }

  ordered_json evaluate(const std::string& weights, const std::vector<std::string>& more) const {
    std::vector<std::string> words{
        folder->path() + "/asked",
        "eval",
        "--json",
        "--data",
        runtime::is_synthetic(options.data) ? options.data : std::filesystem::absolute(options.data).string(),
        "--weights",
        weights};
    words.insert(words.end(), more.begin(), more.end());
    return ordered_json::parse(run_program("evaluation", words, folder->path()));
  }

  // The network as it is trained, of which only inference is asked.
  void compile() {
    choose_target();
    for (const Stage& stage : training()) {
      if (stage.action == Action::emit)
        info.manifest = manifest(program, module, plans, target, false).dump();
      else if (stage.action == Action::link)
        link_executable(folder->path(), files, Kind::trainable, target, folder->path() + "/asked");
      else if (stage.action != Action::none)
        perform(stage.action);
      run_passes(module, passes_of(stage, facts), options);
    }
  }

  void report(size_t bytes) const {
    std::vector<std::string> single;
    for (const auto& [path, real] : real_)
      if (halves_.count(path) == 0 || !real.fits)
        single.push_back(path);
    int64_t latents = 0;
    for (const auto& [name, values] : values_)
      latents += static_cast<int64_t>(values.size());
    std::error_code none;
    const std::uintmax_t before = std::filesystem::file_size(options.weights, none);
    tell("{}: {} bytes ({} before), {} weights of {} layers in {} bytes\n", options.output, bytes, none ? 0 : before,
         latents, values_.size(), (bits_ + 7) / 8);
    if (!options.half && options.data.empty())
      tell("real numbers: single precision, as they were (--half halves them, --data DIR where no decision changes)\n");
    else if (single.empty())
      tell("real numbers: half precision\n");
    else
      tell("real numbers: half precision; single in {}\n", fmt::join(single, ", "));
    if (samples_ > 0)
      tell("0 of {} decisions differ\n", samples_);
  }

  Safetensors weights_; // of the network alone
  Values values_;
  std::map<std::string, runtime::PackedTensor> kinds_;
  std::map<std::string, Real> real_; // by layer
  std::set<std::string> halves_;     // layers
  int64_t bits_ = 0, samples_ = 0;
};

} // namespace

int run_pack(const Options& options) {
  return Packing(options).finish();
}

int run_unpack(const std::string& path, const std::string& output) {
  Safetensors file = runtime::read_safetensors(path);
  if (!runtime::is_packed(file))
    throw Failure(Exit::user, path + " is not packed: there is nothing to unpack");
  runtime::unpack(file, path);
  write_text(output, runtime::print_safetensors(file));
  return 0;
}

} // namespace rvb::build
