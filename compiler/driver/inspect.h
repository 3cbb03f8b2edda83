// Doors for people who work on the compiler, and for its tests.
#pragma once

#include "build/options.h"

#include <string>
#include <vector>

namespace rvb::driver {

// `rvbc opt --pass=a,b FILE.ir`: IR text through the named passes, printed, or its plans for --target with --emit=plan.
// Exit 1 when the text is not IR, not well formed, or cannot be planned.
int run_opt(const std::string& file, const std::vector<std::string>& passes, const build::Options& options);

// `rvbc inspect OBJECT SYMBOL`: the multiplies in an object's code, as deploy's verification sees them. Exit 3 when
// there are any on data.
int run_inspect(const std::string& object, const std::string& symbol);

} // namespace rvb::driver
