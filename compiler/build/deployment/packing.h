// `rvbc pack` and `rvbc unpack`: between weights as they are trained and small files (runtime/files/packed.h).
#pragma once

#include "build/options.h"

#include <string>

namespace rvb::build {

int run_pack(const Options& options);
int run_unpack(const std::string& file, const std::string& output);

} // namespace rvb::build
