// What makes programs for a target: the system's tools, the runtime's archives.
#pragma once

#include "build/options.h"
#include "targets/target.h"

#include <string>
#include <vector>

namespace rvb::build {

struct Toolchain {
  std::vector<std::string> compiler; // C++, with its first arguments
  std::string archiver;
};
Toolchain toolchain_for(const targets::Target& target);
std::string archives_for(const targets::Target& target); // the folder of librvb_*.a and *.flags

// For another architecture than this machine's: prints RVB0404 and throws Failure(io) where a part of it is missing,
// before anything has been compiled.
void require_toolchain(const targets::Target& target, const Options& options);

} // namespace rvb::build
