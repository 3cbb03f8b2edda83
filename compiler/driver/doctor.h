// `rvbc doctor`: what rvbc and the programs it makes need of this machine.
#pragma once

#include "build/options.h"

namespace rvb::driver {

// Exit 5 when something is missing without which nothing can be compiled.
int run_doctor(const build::Options& options);

} // namespace rvb::driver
