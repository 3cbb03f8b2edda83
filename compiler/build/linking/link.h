// The system's linker: objects and the runtime's archives to an executable or a static library.
#pragma once

#include "build/linking/toolchain.h"

#include <string>
#include <vector>

namespace rvb::build {

// Which of the runtime's archives a program needs (runtime/: link flags in lib/rvb/*.flags).
enum class Kind { trainable, deployed };

// `lib/rvb/trainable.flags`: archives and -l flags, one line, written by the runtime's build.
std::vector<std::string> link_flags(Kind kind, const targets::Target& target);

// `objects` are names in `folder`; the result goes to `output` when it is complete.
void link_executable(const std::string& folder, const std::vector<std::string>& objects, Kind kind,
                     const targets::Target& target, const std::string& output);
// The objects and the runtime's C API in one static library.
void make_library(const std::string& folder, const std::vector<std::string>& objects, const targets::Target& target,
                  const std::string& output);
// The same as one that is loaded: rvb_library() is its program, whatever the file is called.
void make_shared_library(const std::string& folder, const std::vector<std::string>& objects,
                         const std::string& accessor, const targets::Target& target, const std::string& output);

// `NAME.s` in `folder` to `NAME.o`.
void assemble(const std::string& folder, const std::string& name, const targets::Target& target);

// Runs a compiled program and returns its standard output. What it says when it fails is the message of the Failure,
// after `purpose` ("calibration"), with its exit code. What it writes in passing goes to `folder`.
std::string run_program(const std::string& purpose, const std::vector<std::string>& words, const std::string& folder);

// Runs a program, in `folder` where it is to be `inside`; its output is the message of the Failure(io) when it fails.
void run_tool(const std::vector<std::string>& words, const std::string& folder, bool inside = false);

} // namespace rvb::build
