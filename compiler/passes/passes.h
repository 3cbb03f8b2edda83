// All passes. A pass is a function, a file, a row of the table in run.cpp, and a folder of tests with the same name.
// Its file's opening comment shows before -> after in the IR's text. Each returns whether it changed the module.
#pragma once

#include "ir/ir.h"

#include <iosfwd>
#include <string>
#include <vector>

namespace rvb::passes {

bool infer_shapes(ir::Module& module);
bool canonicalize(ir::Module& module);
bool fold_constants(ir::Module& module);
bool cse(ir::Module& module);
bool dce(ir::Module& module);
bool collapse_time(ir::Module& module);
bool hoist(ir::Module& module);
bool hoist_loops(ir::Module& module);
bool join_neurons(ir::Module& module);
bool differentiate(ir::Module& module);    // @train -> @gradient
bool expand_batchnorm(ir::Module& module); // batchnorm -> moments and elementwise operations
bool fold_batchnorm(ir::Module& module);   // deployment: running statistics are constants
bool fold_alpha(ir::Module& module);
bool fold_alpha_at_rest(ir::Module& module); // fold_alpha=at_rest: the membranes of @step begin at 0
bool sink_weights(ir::Module& module);       // constants that a loop reads are read inside of it
bool select_masks(ir::Module& module);       // deployment: products with masks of 0 and 1 are selections
bool pack_weights(ir::Module& module);       // conv2d(x, sign(constant)) -> binary_conv2d(x, bits)
bool quantize_spikes(ir::Module& module);    // spikes as integers, by what a calibration has measured
bool quantize_spikes_with(ir::Module& module, const std::string& argument);
bool add_ranges(ir::Module& module);      // @infer -> @ranges, which shows what enters binary layers
bool sparse_synapses(ir::Module& module); // binary layers visit only spikes that are not silent
bool sparse_synapses_in(ir::Module& module, const std::string& argument);
bool sign_synapses(ir::Module& module);  // training: conv2d(x, sign(w)) -> binary_conv2d(x, pack_signs(w))
bool fuse(ir::Module& module);           // elementwise operations join a scan; cheap values are computed again
bool fuse_and_keep(ir::Module& module);  // the same, every value computed once
bool fixed_point(ir::Module& module);    // neurons that read sums of integers compute in integers
bool share_literals(ir::Module& module); // scans that differ in literals alone share a kernel
bool recompute(ir::Module& module);      // values are computed again instead of kept; with a limit: recompute.h

struct Pass {
  const char* name; // as --print-after takes it
  bool (*run)(ir::Module& module);
  // Whether it runs in the bodies of loops, too: a pass that asks for functions by their names, or that walks into
  // bodies itself, does not.
  bool in_loops = false;
  bool (*run_with)(ir::Module& module, const std::string& argument) = nullptr; // for passes that take NAME=ARGUMENT
};
const std::vector<Pass>& all_passes();
// By name, or NAME=ARGUMENT; null when there is none. An argument that the pass does not take is a Failure with
// Exit::usage when it runs.
const Pass* find_pass(const std::string& name);

struct RunOptions {
  std::vector<std::string> print_after; // names, or "all"
  std::ostream* print = nullptr;
  bool time = false;
};
// Runs the passes in order; verifies after each that reports a change; a fault is a Failure with Exit::internal that
// names the pass.
void run(ir::Module& module, const std::vector<std::string>& names, const RunOptions& options);

} // namespace rvb::passes
