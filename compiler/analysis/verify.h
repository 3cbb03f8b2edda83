// Checks that a module is well formed: every value defined once before it is used, names unique, types as the
// operators' rules give them, bodies closed over their parameters, constants present and of the size of their type.
#pragma once

#include "ir/ir.h"

#include <string>
#include <vector>

namespace rvb::analysis {

// Every fault as one line that names the function and the operation; empty when well formed.
std::vector<std::string> verify(const ir::Module& module);

} // namespace rvb::analysis
