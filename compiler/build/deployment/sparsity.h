// Which kernel every binary layer of a deployed program runs: the dense one, or the one that visits only groups of
// spikes that are not silent (--sparsity, --sparse, --dense).
#pragma once

#include "build/deployment/calibrate.h"
#include "build/options.h"
#include "ir/ir.h"
#include "kernels/kernels.h"
#include "sema/program.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace rvb::build {

struct KernelChoice {
  std::string layer;
  bool sparse = false;
  std::optional<Silence> silence; // where a calibration has measured it
  double break_even = 1;          // the share of silent groups above which the sparse kernel is the faster one
};

// Prints RVB0403 for names that --sparse and --dense cannot take and throws Failure(user); Failure(usage) for a layer
// that is named by both.
void check_layer_names(const sema::Program& program, const Options& options);

// `module` has packed, perhaps quantised synapses; `calibration` may be null. One row a binary layer of @infer, in its
// order.
std::vector<KernelChoice> choose_kernels(const ir::Module& module, const kernels::Target& target,
                                         const Options& options, const Calibration* calibration);

// The layers that take the sparse kernel, as the pass sparse_synapses does.
std::vector<std::string> sparse_layers(const std::vector<KernelChoice>& choices);

std::string kernel_table(const std::vector<KernelChoice>& choices);

// `kernel` and `silent_groups` in a manifest's layers.
void describe_kernels(nlohmann::ordered_json& manifest, const std::vector<KernelChoice>& choices);

} // namespace rvb::build
