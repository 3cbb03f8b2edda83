// deploy --emit=c: the two files of a network as freestanding C.
#pragma once

#include "build/options.h"
#include "ir/ir.h"
#include "sema/program.h"

#include <string>

namespace rvb::build {

std::string identifier(const std::string& name); // of C
std::string without_extension(const std::string& path);

// What options contradict --emit=c, or need it: Failure(usage).
void check_freestanding(const Options& options);

// `module` at the end of the pipeline; NAME.c and NAME.h next to -o.
void write_freestanding(const sema::Program& program, const ir::Module& module, const Options& options);

} // namespace rvb::build
