// Plans to native code: the program's steps and its table of entries, through LLVM.
#pragma once

#include "codegen/plan.h"
#include "machine/machine.h"

#include <string>
#include <vector>

namespace rvb::codegen {

// What rvb_program (runtime/interface/program.h) says beside the functions.
struct ProgramInfo {
  std::string library; // a library's name: rvb_library_NAME() gives the program; "": rvb_compiled_program is exported
  std::string identity() const; // of a library: a hash of its name and manifest; "" of an executable
  bool deployed = false;
  bool profiled = false; // with a second copy of some functions, which tells the time of every kernel (profile.h)
  bool sequence = false;
  int64_t steps = 1;
  int64_t channels = 1, height = 1, width = 1;
  int64_t classes = 1;
  std::string manifest; // JSON
  struct Data {
    std::string constant;
    int64_t bytes;
  };
  std::vector<Data> data; // every constant of the module
  uint64_t checksum = 0;  // runtime/core/checksum.h
};

// `network`() as another name for the library's program, in an object of its own: of two libraries of one network, the
// one that is linked first has it.
void emit_network_name(const ProgramInfo& info, const std::string& network, const targets::Target& target,
                       const std::string& path);

// rvb_library_NAME
std::string accessor_name(const std::string& library);

// One module with a function per plan (internal; reached through the table) and the program's datum.
void emit_program(const std::vector<Plan>& plans, const ProgramInfo& info, const targets::Target& target,
                  machine::OutputKind kind, const std::string& path);

} // namespace rvb::codegen
