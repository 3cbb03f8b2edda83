// The door of sema: from the text of a `.rvb` file to a checked program.
#pragma once

#include "sema/program.h"
#include "support/diagnostics.h"

#include <map>
#include <optional>
#include <string>

namespace rvb::sema {

struct Options {
  std::map<std::string, std::string> defines; // -D name=value
  std::string stdlib;                         // the folder that `import neurons` looks in
};

// Parses the file `file` of `sources`, reads what it imports (adding to `sources`), checks everything. Gives a program
// only when no error was reported; several mistakes are reported in one call.
std::optional<Program> check(Sources& sources, int file, const Options& options, Diagnostics& diagnostics);

} // namespace rvb::sema
