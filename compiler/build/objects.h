// Kernels to object files: equal calls once, in parallel, kept in a cache.
#pragma once

#include "ir/ir.h"
#include "kernels/kernels.h"

#include <string>
#include <vector>

namespace rvb::build {

struct KernelRequest {
  std::string symbol;
  const ir::Function* function;
  const ir::Op* op;
  bool layer = false;             // made by layerkernels/layer.h
  const ir::Op* neuron = nullptr; // then: what runs with it
};

// One kernel as an object, or as text for people: Halide's statement, or LLVM's for a layer.
void compile_kernel(const KernelRequest& request, const kernels::Target& target, const std::string& path);
std::string kernel_text(const KernelRequest& request, const kernels::Target& target);

struct KernelTime {
  std::string name; // "conv2d_weight_gradient of layer1.conv1"
  double milliseconds = 0;
};

struct KernelObjects {
  std::vector<std::string> files; // names in the folder: SYMBOL.o, sorted, one a distinct kernel
  int compiled = 0;
  int cached = 0;
  std::vector<KernelTime> times; // of those that were compiled
};

// Puts the objects into `folder`, from the cache or compiled. Each kernel is compiled in a separate process: they run
// side by side, a compiler fault in one is reported with its operation instead of taking the others along, and object
// bytes do not depend on what was compiled before. Progress goes to standard error when it is a terminal and `quiet` is
// off.
KernelObjects compile_kernels(const std::vector<KernelRequest>& requests, const kernels::Target& target,
                              const std::string& folder, int jobs, bool quiet);

} // namespace rvb::build
