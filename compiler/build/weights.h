// Trained weights into a module: parameters become constants.
#pragma once

#include "ir/ir.h"
#include "sema/program.h"
#include "support/diagnostics.h"
#include "support/result.h"

#include <string>

namespace rvb::build {

// Reads a safetensors file and replaces, in every function, the network's parameters by `constant` operations holding
// the file's tensors in memory order. Tensors that fail the runtime's check (weights_check.h) are reported (RVB0502),
// `exit` is set, and then nothing is replaced. Returns a hash of the tensors' bytes (16 hex digits). Throws Failure
// where the file cannot be read.
std::string bind_weights(ir::Module& module, const sema::Program& program, const std::string& path,
                         const std::string& strip, Diagnostics& diagnostics, Exit& exit);

// The numbers of trained networks that the model calls: constants of a training function. Their files stand beside the
// source that names them. Faults as above, at that place.
void bind_teachers(ir::Module& module, const sema::Program& program, const Sources& sources, Diagnostics& diagnostics,
                   Exit& exit);
// The same with zeros, for what needs no numbers.
void blank_teachers(ir::Module& module, const sema::Program& program);

} // namespace rvb::build
