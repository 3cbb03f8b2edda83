// From text to tokens: flex finds them (lexer.l), then brackets are matched, so that the parser sees balanced braces
// only and knows where to go on after a mistake.
#pragma once

#include "support/diagnostics.h"
#include "syntax/ast.h"

#include <string_view>
#include <vector>

namespace rvb::syntax {

struct Token {
  int kind = 0; // Parser::token
  Range range;
  bool starts_line = false;
  uint32_t indent = 0; // of its line, in bytes
  int braces = 0;      // unclosed { around it
  int brackets = 0;    // unclosed ( and [ around it, counted from the innermost {
};

struct Tokens {
  std::vector<Token> tokens; // the last one is the end of the file
  std::vector<ast::Comment> comments;
};

// `text` is the text of `file`. Reports what is no token; drops it.
Tokens scan(std::string_view text, int file, Diagnostics& diagnostics);

// Fills in `braces` and `brackets`; reports brackets without partner, closes braces that were forgotten before the next
// `block`, `network`, …; limits how deep brackets go.
void match_brackets(Tokens& tokens, Diagnostics& diagnostics);

bool starts_item(int kind);      // import param let block neuron network recipe
bool starts_statement(int kind); // return emit state trained if repeat

} // namespace rvb::syntax
