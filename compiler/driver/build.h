// `rvbc build`, the default action, and `rvbc deploy`.
#pragma once

#include "driver/options.h"

namespace rvb::driver {

int run_build(const Options& options);
int run_deploy(const Options& options);

} // namespace rvb::driver
