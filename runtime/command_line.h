// The command line of a compiled program: a table of commands, help, suggestions, exit codes.
#pragma once

#include "arguments.h"
#include "options.h"

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

void declare_eval(Arguments& arguments, Options& options, bool deployed);
void declare_infer(Arguments& arguments, Options& options, bool deployed);
void declare_ranges(Arguments& arguments, Options& options, bool deployed);
void declare_trace(Arguments& arguments, Options& options, bool deployed);
void declare_bench(Arguments& arguments, Options& options, bool deployed);
void declare_info(Arguments& arguments, Options& options, bool deployed);
void declare_init(Arguments& arguments, Options& options, bool deployed);
void declare_train(Arguments& arguments, Options& options, bool deployed);
void declare_report(Arguments& arguments, Options& options, bool deployed);
void declare_reestimate(Arguments& arguments, Options& options, bool deployed);
void declare_sweep(Arguments& arguments, Options& options, bool deployed);
void declare_gradient(Arguments& arguments, Options& options, bool deployed);

} // namespace rvb::runtime
