// From tree back to text: the formatter, and the dump of --emit=ast.
#pragma once

#include "support/diagnostics.h"
#include "syntax/ast.h"

#include <string>

namespace rvb::syntax {

// The one way to write `file` (no options): two spaces a level, comments kept, at most one blank line in a row. `file`
// must have been parsed without errors. Formatting twice changes nothing more.
std::string format(const Sources& sources, const ast::File& file);

std::string format(const ast::Expr& expression); // on one line

enum class Locations { show, hide };
// One node a line, children indented, with the bytes it stands at.
std::string dump(const ast::File& file, Locations locations = Locations::show);

} // namespace rvb::syntax
