// Which synapses walk events: not in the table of passes, because it takes what somebody has chosen.
#pragma once

#include "ir/ir.h"

#include <set>
#include <string>

namespace rvb::passes {

// {sparse = 1} on the binary synapses of these layers, in all functions; on no others. True when something changed.
bool sparse_synapses(ir::Module& module, const std::set<std::string>& layers);

} // namespace rvb::passes
