// The argument of the pass sparse_synapses.
#pragma once

#include <string>
#include <vector>

namespace rvb::passes {

// PATH/PATH…
std::string sparse_synapses_argument(const std::vector<std::string>& layers);

} // namespace rvb::passes
