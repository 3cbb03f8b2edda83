// The seal of a deployed executable (runtime/core/checksum.h): written when it is linked, compared when it starts.
#pragma once

#include <string>

namespace rvb::build {

// Writes the checksum of the program's read-only segments into it. Failure(internal) when the file is not what the
// linker makes of a deployed program.
void seal(const std::string& path);

} // namespace rvb::build
