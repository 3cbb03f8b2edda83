// `rvbc build`, the default action, and `rvbc deploy`.
#pragma once

#include "build/options.h"

namespace rvb::build {

int run_build(const Options& options);
int run_deploy(const Options& options);

} // namespace rvb::build
