// `rvbc new`: a network of the library as a start of one's own.
#pragma once

#include <string>

namespace rvb::driver {

// Copies network, recipe and weights of `from` into a folder that is made, or empty. Without either, lists what there
// is to start from.
int run_new(const std::string& folder, const std::string& from);

} // namespace rvb::driver
