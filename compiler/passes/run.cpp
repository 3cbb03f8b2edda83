// Runs passes: the table, verification between them, dumps and times.
#include "analysis/verify.h"
#include "ir/text.h"
#include "passes/loops.h"
#include "passes/passes.h"
#include "passes/recompute.h"
#include "support/result.h"

#include <algorithm>
#include <chrono>
#include <iomanip>
#include <ostream>

namespace rvb::passes {

namespace {

bool fold_alpha_with(ir::Module& module, const std::string& argument) {
  if (argument != "at_rest")
    throw Failure(Exit::usage, "fold_alpha takes at_rest, not `" + argument + "`");
  return fold_alpha_at_rest(module);
}

bool recompute_within(ir::Module& module, const std::string& argument) {
  const std::optional<MemoryLimit> limit = parse_memory_limit(argument);
  if (!limit)
    throw Failure(Exit::usage, "recompute takes BYTES@BATCH, not `" + argument + "`");
  return recompute(module, *limit);
}

} // namespace

const std::vector<Pass>& all_passes() {
  static const std::vector<Pass> passes = {
      {"infer_shapes", infer_shapes, true},
      {"canonicalize", canonicalize, true},
      {"fold_constants", fold_constants, true},
      {"cse", cse},
      {"dce", dce},
      {"collapse_time", collapse_time},
      {"hoist", hoist, true},
      {"hoist_loops", hoist_loops},
      {"differentiate", differentiate},
      {"expand_batchnorm", expand_batchnorm, true},
      {"fold_batchnorm", fold_batchnorm},
      {"sink_weights", sink_weights},
      {"select_masks", select_masks},
      {"fold_alpha", fold_alpha, true, fold_alpha_with},
      {"pack_weights", pack_weights, true},
      {"sign_synapses", sign_synapses, true},
      {"quantize_spikes", quantize_spikes, false, quantize_spikes_with},
      {"add_ranges", add_ranges},
      {"sparse_synapses", sparse_synapses, false, sparse_synapses_in},
      {"fuse", fuse, true},
      {"fuse_and_keep", fuse_and_keep, true},
      {"fixed_point", fixed_point},
      {"share_literals", share_literals},
      {"join_neurons", join_neurons, true},
      {"recompute", recompute, false, recompute_within},
  };
  return passes;
}

const Pass* find_pass(const std::string& name) {
  const std::string wanted = name.substr(0, name.find('='));
  for (const Pass& pass : all_passes())
    if (wanted == pass.name)
      return &pass;
  return nullptr;
}

namespace {

void check(const ir::Module& module, const std::string& pass) {
  const std::vector<std::string> faults = analysis::verify(module);
  if (faults.empty())
    return;
  std::string message = "the module is not well formed after `" + pass + "`:";
  for (size_t i = 0; i < faults.size() && i < 5; ++i)
    message += "\n  " + faults[i];
  if (faults.size() > 5)
    message += "\n  and " + std::to_string(faults.size() - 5) + " more";
  throw Failure(Exit::internal, message);
}

bool run_one(const Pass& pass, ir::Module& module, const std::string& name) {
  const size_t equal = name.find('=');
  if (equal != std::string::npos && pass.run_with == nullptr)
    throw Failure(Exit::usage, "pass `" + name.substr(0, equal) + "` takes no argument");
  // An argument is about the functions; in bodies the pass runs without.
  const bool inside = pass.in_loops && change_loop_bodies(module, pass.run);
  return (equal == std::string::npos ? pass.run(module) : pass.run_with(module, name.substr(equal + 1))) || inside;
}

} // namespace

void run(ir::Module& module, const std::vector<std::string>& names, const RunOptions& options) {
  const std::vector<std::string>& wanted = options.print_after;
  for (const std::string& name : names) {
    const Pass* pass = find_pass(name);
    if (!pass)
      throw Failure(Exit::internal, "there is no pass named `" + name + "`");
    const auto begin = std::chrono::steady_clock::now();
    bool changed;
    try {
      changed = run_one(*pass, module, name);
    } catch (const std::logic_error& error) { // a rule refused what the pass built
      throw Failure(Exit::internal, "pass `" + name + "`: " + error.what());
    }
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    if (changed)
      check(module, name);
    if (!options.print)
      continue;
    if (options.time)
      *options.print << std::left << std::setw(20) << pass->name << std::right << std::fixed << std::setprecision(2)
                     << std::setw(10) << took.count() << " ms" << (changed ? "" : "  no change") << "\n";
    if (std::find(wanted.begin(), wanted.end(), "all") != wanted.end() ||
        std::find(wanted.begin(), wanted.end(), pass->name) != wanted.end())
      *options.print << "// after " << name << "\n" << ir::print(module) << "\n";
  }
}

} // namespace rvb::passes
