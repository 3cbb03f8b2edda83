// What LLVM does when it cannot go on: it calls these instead of printing its own page and aborting.
#pragma once

namespace rvb::machine {

// Neither may return. For the whole process, and for Halide's use of LLVM, too.
void install_error_handlers(void (*fatal)(const char* reason), void (*out_of_memory)());

} // namespace rvb::machine
