// Passes inside of loops.
#pragma once

#include "ir/ir.h"

#include <functional>

namespace rvb::passes {

// Runs `change` on the body of every loop, those inside first, as on the one function of a module: parameters and
// results are the body's. True when one of them changed.
bool change_loop_bodies(ir::Module& module, const std::function<bool(ir::Module&)>& change);

} // namespace rvb::passes
