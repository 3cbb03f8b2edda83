// A compiled program and what it says about itself.
#pragma once

#include "manifest.h"
#include "program.h"

namespace rvb::runtime {

struct Network {
  const rvb_program& program;
  const Manifest& manifest;
};

} // namespace rvb::runtime
