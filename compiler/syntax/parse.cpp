#include "syntax/parse.h"

#include "support/text.h"
#include "syntax/state.h"

namespace rvb::syntax {

namespace {

// What flex must not see: bytes that are no text, and texts too long to be written by a person.
bool readable(const std::string& text, int file, Diagnostics& diagnostics) {
  if (text.size() > longest_text) {
    diagnostics.report(Code::text_too_large, {file, 0, 0},
                       "this file has " + std::to_string(text.size()) + " bytes; the longest allowed has " +
                           std::to_string(longest_text));
    return false;
  }
  const size_t bad = first_invalid_byte(text);
  if (bad == std::string::npos)
    return true;
  const auto at = static_cast<uint32_t>(bad);
  diagnostics.report(Code::invalid_text, {file, at, at + 1},
                     text[bad] == '\0' ? "this file contains a NUL byte" : "this file is not UTF-8 text",
                     "byte " + std::to_string(bad));
  return false;
}

void run(State::Start start, const Sources& sources, int file, Diagnostics& diagnostics, ast::File& tree,
         ast::ExprPtr& expression) {
  tree.file = file;
  const std::string& text = sources[file].text;
  if (!readable(text, file, diagnostics))
    return;
  Tokens tokens = scan(text, file, diagnostics);
  match_brackets(tokens, diagnostics);
  State state(start, sources, tokens, diagnostics);
  Parser parser(state);
  parser.parse();
  tree.items = std::move(state.items);
  tree.comments = std::move(tokens.comments);
  expression = std::move(state.expression);
}

} // namespace

ast::File parse(const Sources& sources, int file, Diagnostics& diagnostics) {
  ast::File tree;
  ast::ExprPtr unused;
  run(State::Start::file, sources, file, diagnostics, tree, unused);
  return tree;
}

ast::ExprPtr parse_expression(const Sources& sources, int file, Diagnostics& diagnostics) {
  ast::File unused;
  ast::ExprPtr expression;
  Diagnostics found;
  run(State::Start::expression, sources, file, found, unused, expression);
  for (const Diagnostic& diagnostic : found.items())
    diagnostics.report(diagnostic.code, diagnostic.primary.range, diagnostic.message, diagnostic.primary.text);
  return found.has_errors() ? nullptr : std::move(expression);
}

} // namespace rvb::syntax
