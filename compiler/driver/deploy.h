// What `rvbc deploy` takes besides a model, weights and what every compilation takes.
#pragma once

#include "build/options.h"

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace rvb::driver {

void add_deploy_settings(CLI::App& command, build::Options& options, std::vector<std::string>& sparse,
                         std::vector<std::string>& dense);

} // namespace rvb::driver
