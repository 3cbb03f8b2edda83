// Trained weights into a module: parameters become constants.
#pragma once

#include "ir/ir.h"
#include "sema/program.h"
#include "support/diagnostics.h"

#include <string>

namespace rvb::driver {

// Reads a safetensors file and replaces, in every function, the network's parameters by `constant` operations holding
// the file's tensors in memory order. Missing, extra or wrongly shaped tensors and values that are not finite are
// reported (RVB0502) with the file and every tensor concerned, and then nothing is replaced. Returns a hash of the
// tensors' bytes (16 hex digits). Throws Failure where the file cannot be read.
std::string bind_weights(ir::Module& module, const sema::Program& program, const std::string& path,
                         const std::string& strip, Diagnostics& diagnostics);

} // namespace rvb::driver
