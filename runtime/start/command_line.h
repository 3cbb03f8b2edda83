// The command line of a compiled program: a table of commands, help, suggestions, exit codes.
#pragma once

#include "options/arguments.h"
#include "options/options.h"

namespace rvb::runtime {

struct Command {
  const char* name;
  const char* summary;
  const char* example; // what follows the program's name
  void (*declare)(Arguments& arguments, Options& options, bool deployed);
  int (*run)(const Context& context);
};

// Everything but main: parses, runs, turns failures into messages on standard error and exit codes.
int run_command_line(int argc, char** argv, const rvb_program& program, const Command* commands, int count);

} // namespace rvb::runtime
