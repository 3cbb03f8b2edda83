// Constants as an object's data, never as IR constants: megabytes of weights pass through no compiler.
#pragma once

#include "ir/ir.h"

#include <string>

namespace rvb::codegen {

// The symbol under which a constant of the module is found. `identity` tells libraries apart that are linked into
// one program (ProgramInfo); "" in executables.
std::string data_symbol(const std::string& identity, const std::string& constant);

// Writes `path`.s and `path`.bin: an assembler file that includes the bytes of every constant, 64-byte aligned,
// read-only, hidden. Constants without bytes are an error (std::logic_error).
void write_data(const ir::Module& module, const std::string& identity, const std::string& path);

} // namespace rvb::codegen
