// Trained weights into a module: parameters become constants.
#pragma once

#include "files/safetensors.h"
#include "ir/ir.h"
#include "sema/program.h"
#include "support/diagnostics.h"
#include "support/result.h"

#include <string>
#include <vector>

namespace rvb::build {

// The weights of a network from a file. Tensors that fail the runtime's check (weights_check.h) are reported (RVB0502),
// and `exit` is set. Throws Failure where the file cannot be read.
runtime::Safetensors read_weights(const sema::Program& program, const std::string& path, const std::string& strip,
                                  Diagnostics& diagnostics, Exit& exit);

// Replaces, in every function, the network's parameters by `constant` operations holding the file's tensors in memory
// order. Returns a hash of the tensors' bytes (16 hex digits).
std::string bind_weights(ir::Module& module, const sema::Program& program, const runtime::Safetensors& file);

// Both; where something was reported, nothing is replaced.
std::string bind_weights(ir::Module& module, const sema::Program& program, const std::string& path,
                         const std::string& strip, Diagnostics& diagnostics, Exit& exit);

// The numbers of trained networks that the model calls: constants of a training function. Their files stand beside the
// source that names them. Faults as above, at that place.
void bind_teachers(ir::Module& module, const sema::Program& program, const Sources& sources, Diagnostics& diagnostics,
                   Exit& exit);
// The same with zeros, for what needs no numbers.
void blank_teachers(ir::Module& module, const sema::Program& program);
// The numbers of a parameter in the order on disk, out of those in memory order.
std::vector<float> disk_order(const sema::Parameter& parameter, const std::vector<float>& memory);

} // namespace rvb::build
