// From a file name to a checked program, diagnostics printed.
#pragma once

#include "driver/options.h"
#include "sema/program.h"
#include "support/diagnostics.h"
#include "support/result.h"

#include <string>

namespace rvb::driver {

// Throws Failure(user) after printing the diagnostics when there are errors, Failure(io) when the file cannot be read.
sema::Program load_program(const Options& options);
// `sources` takes the texts, for diagnostics about the program that later stages find.
sema::Program load_program(const Options& options, Sources& sources);

// Prints the diagnostics and throws Failure(exit).
[[noreturn]] void stop_with(const Sources& sources, Diagnostics& diagnostics, const Options& options,
                            Exit exit = Exit::user);

int run_check(const Options& options);
int run_format(const std::vector<std::string>& files, bool check_only);
int run_explain(const std::string& code);
int run_ast(const Options& options); // --emit=ast

} // namespace rvb::driver
