// The door of syntax: from text to tree.
#pragma once

#include "support/diagnostics.h"
#include "syntax/ast.h"

namespace rvb::syntax {

constexpr size_t longest_text = 1 << 20; // bytes of one file
constexpr size_t longest_name = 100;     // bytes of one name
constexpr int deepest = 100;             // brackets in brackets, operators in operators
constexpr int most_syntax_errors = 50;   // a file with more is probably no .rvb file

// Parses file `file` of `sources`. After a mistake it goes on at the next statement; the tree is whole only when
// `diagnostics` got no error.
ast::File parse(const Sources& sources, int file, Diagnostics& diagnostics);

// One expression, such as the value of -D; null after an error.
ast::ExprPtr parse_expression(const Sources& sources, int file, Diagnostics& diagnostics);

} // namespace rvb::syntax
