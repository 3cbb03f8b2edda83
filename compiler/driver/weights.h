// Trained weights into a module: parameters become constants.
#pragma once

#include "driver/options.h"
#include "ir/ir.h"
#include "sema/program.h"

#include <string>

namespace rvb::driver {

// Reads the safetensors file of --weights and replaces, in every function, the network's parameters by `constant`
// operations holding the file's tensors in memory order. Missing, extra or wrongly shaped tensors and values that are
// not finite are RVB0502, printed with the file and every tensor concerned, and a Failure(mismatch). Returns a hash of
// the tensors' bytes (16 hex digits).
std::string bind_weights(ir::Module& module, const sema::Program& program, const Options& options);

} // namespace rvb::driver
