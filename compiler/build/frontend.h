// From a file name to a checked program, diagnostics printed.
#pragma once

#include "build/options.h"
#include "sema/program.h"
#include "support/diagnostics.h"
#include "support/result.h"

#include <string>

namespace rvb::build {

// Throws Failure(user) after printing the diagnostics when there are errors, Failure(io) when the file cannot be read.
sema::Program load_program(const Options& options);
// `sources` takes the texts, for diagnostics about the program that later stages find.
sema::Program load_program(const Options& options, Sources& sources);

// Prints the diagnostics and throws Failure(exit).
[[noreturn]] void stop_with(const Sources& sources, Diagnostics& diagnostics, const Options& options,
                            Exit exit = Exit::user);

// Prints the diagnostics, in the order of the text.
void print_diagnostics(const Sources& sources, Diagnostics& diagnostics, const std::string& format);
// A file that could not even be begun to be compiled: the diagnostics were the message.
[[noreturn]] void stop_after_diagnostics(Exit exit = Exit::user);
// Adds the text of a file that the command line names; prints RVB0501 and ends where it cannot be read.
int add_text(Sources& sources, const std::string& path, const std::string& format);

} // namespace rvb::build
