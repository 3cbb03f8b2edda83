// LLVM's machine for a target, and a module written out through it.
#pragma once

#include "targets/target.h"

#include <string>

namespace llvm {
class Module;
}

namespace rvb::machine {

enum class OutputKind { object, assembly, llvm_ir };

// How much LLVM does before it selects instructions: nothing for straight code that runs once a call; loops of hot code
// are brought into registers and cleaned up.
enum class Effort { none, loops };

// Throws std::logic_error for a malformed module, Failure(io) when the file cannot be written.
void write_module(llvm::Module& module, const targets::Target& target, Effort effort, OutputKind kind,
                  const std::string& path);

} // namespace rvb::machine
