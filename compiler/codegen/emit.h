// Plans to native code: the program's steps and its table of entries, through LLVM.
#pragma once

#include "codegen/machine.h"
#include "codegen/plan.h"

#include <string>
#include <vector>

namespace rvb::codegen {

// What rvb_program (runtime/program.h) says beside the functions.
struct ProgramInfo {
  std::string accessor; // a library's function that returns the program; "": the datum rvb_compiled_program is exported
  bool deployed = false;
  bool sequence = false;
  int64_t steps = 1;
  int64_t channels = 1, height = 1, width = 1;
  int64_t classes = 1;
  std::vector<int64_t> state_elements;
  std::vector<double> state_initial; // one a state
  std::string manifest;              // JSON
};

// One module with a function per plan (internal; reached through the table) and the program's datum.
void emit_program(const std::vector<Plan>& plans, const ProgramInfo& info, const kernels::Target& target,
                  OutputKind kind, const std::string& path);

} // namespace rvb::codegen
