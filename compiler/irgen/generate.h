// The door of irgen: from a checked program to IR (the functions that ir/OPERATORS.md lists).
#pragma once

#include "ir/ir.h"
#include "sema/program.h"

namespace rvb::irgen {

ir::Function generate_infer(const sema::Program& program);
ir::Function generate_train(const sema::Program& program);
ir::Function generate_step(const sema::Program& program);

// The memory order of a parameter: dimension i in memory is dimension order[i] on disk.
std::vector<int> memory_order(const sema::Parameter& parameter);
// Its type in memory.
ir::Type memory_type(const sema::Parameter& parameter);

} // namespace rvb::irgen
