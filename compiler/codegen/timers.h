// The functions that a profiled plan calls in place of its kernels.
#pragma once

#include <llvm/IR/Module.h>

namespace rvb::codegen {

// Gives every declaration that timer_symbol (profile.h) named its body: rvb_profile_begin(number), the kernel,
// rvb_profile_end(number) of runtime/core/profile.h.
void emit_timers(llvm::Module& module);

} // namespace rvb::codegen
