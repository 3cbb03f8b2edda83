// `rvbc summary` and `rvbc graph`: what a network is, for people.
#pragma once

#include "build/options.h"

namespace rvb::driver {

int run_summary(const build::Options& options);

// format: a row of export/formats.def.
int run_graph(const build::Options& options, const std::string& format);

} // namespace rvb::driver
