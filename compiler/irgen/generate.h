// The door of irgen: from a checked program to IR (the functions that ir/OPERATORS.md lists).
#pragma once

#include "ir/ir.h"
#include "sema/program.h"

namespace rvb::irgen {

// The network in training: batch statistics, loss, what running statistics move to.
ir::Function generate_train(const sema::Program& program);
// The network as it is used, with everything that can be looked at; @infer is the same without that.
ir::Function generate_observe(const sema::Program& program);
ir::Function generate_infer(const sema::Program& program);
// One step of @infer, membranes kept by the caller: only of programs that stream (layers::Network::streams).
ir::Function generate_step(const sema::Program& program);

// The type of a parameter in memory.
ir::Type memory_type(const sema::Parameter& parameter);

} // namespace rvb::irgen
