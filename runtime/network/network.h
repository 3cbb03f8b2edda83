// A compiled program and what it says about itself.
#pragma once

#include "interface/program.h"
#include "network/manifest.h"

namespace rvb::runtime {

struct Network {
  const rvb_program& program;
  const Manifest& manifest;
};

} // namespace rvb::runtime
