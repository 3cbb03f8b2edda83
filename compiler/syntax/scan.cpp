#include "syntax/scan.h"

#include "grammar.hpp"
#include "support/text.h"
#include "syntax/parse.h"

namespace rvb::syntax {

Scan::Scan(std::string_view text, int file, Diagnostics& diagnostics)
    : text_(text), file_(file), diagnostics_(diagnostics) {}

void Scan::advance(size_t length) {
  begin = end_;
  end_ += static_cast<uint32_t>(length);
}

void Scan::token(int kind) {
  Token token;
  token.kind = kind;
  token.range = lexeme();
  token.starts_line = starts_line_;
  if (starts_line_) {
    const size_t line = begin == 0 ? std::string_view::npos : text_.rfind('\n', begin - 1);
    indent_ = begin - static_cast<uint32_t>(line == std::string_view::npos ? 0 : line + 1);
  }
  token.indent = indent_;
  starts_line_ = false;
  result_.tokens.push_back(token);
}

void Scan::name(size_t length) {
  if (length > longest_name)
    diagnostics_.report(Code::text_too_large, lexeme(),
                        "a name of " + std::to_string(length) + " bytes; the longest allowed has " +
                            std::to_string(longest_name));
  token(Parser::token::TOK_NAME);
}

void Scan::comment(uint32_t from) {
  std::string_view text = text_.substr(from, end_ - from);
  if (text[1] == '/')
    while (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')
      text.remove_suffix(1);
  if (text.find('\n') != std::string_view::npos)
    starts_line_ = true;
  result_.comments.push_back({{file_, from, static_cast<uint32_t>(from + text.size())}, std::string(text)});
}

void Scan::open_comment() {
  diagnostics_
      .report(Code::unterminated_comment, {file_, comment_begin, comment_begin + 2},
              "this comment is not closed before the end of the file", "opened here")
      .help("close it with `*/`");
}

void Scan::open_string() {
  diagnostics_.report(Code::unterminated_string, lexeme(), "this string is not closed on its line", "opened here")
      .help("close it with `\"`");
  token(Parser::token::TOK_STRING);
}

void Scan::bad_number() {
  diagnostics_.report(Code::malformed_number, lexeme(), ticked(text()) + " is neither a number nor a name");
  token(Parser::token::TOK_INTEGER);
}

void Scan::bad_character() {
  Diagnostic& diagnostic =
      diagnostics_.report(Code::unexpected_character, lexeme(), ticked(text()) + " has no meaning here");
  const std::string_view found = text();
  if (found == ";")
    diagnostic.help("statements end with their line; leave the `;` out");
  else if (found == "&&" || found == "||" || found == "&" || found == "|" || found == "!")
    diagnostic.help("write `and`, `or`, `not`; a pipeline is `|>`");
  else if (found == "'")
    diagnostic.help("strings stand in double quotes");
  else if (found == "^")
    diagnostic.help("there are no powers; write `x * x`");
  if (found == "&&" || found == "||") // so that what stands after it is read as it was meant
    token(found == "&&" ? Parser::token::TOK_AND : Parser::token::TOK_OR);
}

void Scan::hash() {
  diagnostics_.report(Code::unexpected_character, {file_, begin, begin + 1}, "`#` has no meaning here")
      .help("a comment begins with `//`");
}

Tokens Scan::finish() {
  begin = end_ = static_cast<uint32_t>(text_.size());
  starts_line_ = true;
  token(Parser::token::TOK_END);
  return std::move(result_);
}

} // namespace rvb::syntax
