#include "grammar.hpp"
#include "support/text.h"
#include "syntax/parse.h"
#include "syntax/tokens.h"

namespace rvb::syntax {

using Kind = Parser::token;

bool starts_item(int kind) {
  switch (kind) {
  case Kind::TOK_IMPORT:
  case Kind::TOK_PARAM:
  case Kind::TOK_LET:
  case Kind::TOK_BLOCK:
  case Kind::TOK_FUNCTION:
  case Kind::TOK_CELL:
  case Kind::TOK_NEURON:
  case Kind::TOK_NETWORK:
  case Kind::TOK_RECIPE: return true;
  default: return false;
  }
}

bool starts_statement(int kind) {
  switch (kind) {
  case Kind::TOK_RETURN:
  case Kind::TOK_EMIT:
  case Kind::TOK_STATE:
  case Kind::TOK_TRAINED:
  case Kind::TOK_GRADIENT:
  case Kind::TOK_IF:
  case Kind::TOK_REPEAT: return true;
  default: return false;
  }
}

namespace {

class Matcher {
public:
  explicit Matcher(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  std::vector<Token> run(const std::vector<Token>& tokens) {
    for (const Token& token : tokens) {
      take(token);
      if (too_deep_)
        break;
    }
    if (too_deep_) { // nothing useful can follow; the parser gets an empty file
      Token end = tokens.back();
      end.braces = end.brackets = 0;
      return {end};
    }
    return std::move(result_);
  }

private:
  void take(Token token) {
    // `let` on an indented line in a body is another mistake: no brace was forgotten before it.
    const bool in_body = starts_item(token.kind) && token.starts_line && !open_.empty() &&
                         open_.front().kind == Kind::TOK_OPEN_BRACE && token.indent > open_.front().indent;
    const bool ends_everything = (starts_item(token.kind) && !in_body) || token.kind == Kind::TOK_END;
    // `network N(x: [3, 8, 8] over T if events)`: this `if` begins no statement, nor does a misspelt `repeated`.
    const bool of_input =
        (token.kind == Kind::TOK_IF || token.kind == Kind::TOK_REPEAT) && open_.size() == 1 && in_header_;
    if (ends_everything || in_body || (starts_statement(token.kind) && !of_input) ||
        token.kind == Kind::TOK_OPEN_BRACE || token.kind == Kind::TOK_CLOSE_BRACE)
      close_brackets(token);
    if (ends_everything)
      while (!open_.empty())
        close_forgotten(token);
    // Chains of prefixes and of `? :` nest without brackets.
    const bool prefix = token.kind == Kind::TOK_MINUS || token.kind == Kind::TOK_NOT;
    prefixes_ = prefix ? prefixes_ + 1 : 0;
    if (token.kind == Kind::TOK_QUESTION)
      ++questions_;
    else if (token.starts_line && (token.kind == Kind::TOK_NAME || starts_statement(token.kind)))
      questions_ = 0;
    switch (token.kind) {
    case Kind::TOK_OPEN_ROUND:
    case Kind::TOK_OPEN_SQUARE:
    case Kind::TOK_OPEN_BRACE:
      push(token);
      open_.push_back(token);
      in_header_ = open_.size() == 1 ? opens_header() : in_header_;
      if (token.kind != Kind::TOK_OPEN_BRACE)
        ++brackets_;
      break;
    case Kind::TOK_CLOSE_ROUND:
    case Kind::TOK_CLOSE_SQUARE:
    case Kind::TOK_CLOSE_BRACE: close(token); break;
    default: push(token);
    }
    if (static_cast<int>(open_.size()) > deepest || prefixes_ > deepest || questions_ > deepest) {
      too_deep_ = true;
      diagnostics_.report(Code::nested_too_deeply, token.range, "nested more than " + std::to_string(deepest) + " deep",
                          "here");
    }
  }

  void push(Token token) {
    token.brackets = brackets_;
    token.braces = static_cast<int>(open_.size()) - brackets_;
    result_.push_back(token);
  }

  // Whether the last token is the `(` of `network NAME (`.
  bool opens_header() const {
    const size_t n = result_.size();
    return n >= 3 && result_[n - 3].kind == Kind::TOK_NETWORK && result_[n - 1].kind == Kind::TOK_OPEN_ROUND;
  }

  // `(` and `[` that are still open where a statement or a brace begins.
  void close_brackets(const Token& before) {
    while (!open_.empty() && open_.back().kind != Kind::TOK_OPEN_BRACE) {
      report_open(open_.back());
      insert(open_.back().kind == Kind::TOK_OPEN_ROUND ? Kind::TOK_CLOSE_ROUND : Kind::TOK_CLOSE_SQUARE, before);
      --brackets_;
    }
  }

  void insert(int kind, const Token& before) {
    Token token = before;
    token.kind = kind;
    token.range.end = token.range.begin;
    push(token);
    open_.pop_back();
  }

  void close_forgotten(const Token& before) {
    report_open(open_.back()).label(before.range, "still open here");
    insert(Kind::TOK_CLOSE_BRACE, before);
  }

  Diagnostic& report_open(const Token& token) {
    const char* text = token.kind == Kind::TOK_OPEN_BRACE ? "{" : token.kind == Kind::TOK_OPEN_ROUND ? "(" : "[";
    return diagnostics_.report(Code::unbalanced_bracket, token.range, ticked(text) + " is never closed", "opened here");
  }

  void close(const Token& token) {
    const int opener = token.kind == Kind::TOK_CLOSE_BRACE   ? Kind::TOK_OPEN_BRACE
                       : token.kind == Kind::TOK_CLOSE_ROUND ? Kind::TOK_OPEN_ROUND
                                                             : Kind::TOK_OPEN_SQUARE;
    const char* text = token.kind == Kind::TOK_CLOSE_BRACE ? "}" : token.kind == Kind::TOK_CLOSE_ROUND ? ")" : "]";
    if (open_.empty() || open_.back().kind != opener) {
      Diagnostic& diagnostic = diagnostics_.report(Code::unbalanced_bracket, token.range,
                                                   ticked(text) + " closes nothing", "no bracket is open for it");
      if (!open_.empty())
        diagnostic.label(open_.back().range, "this one is open");
      return; // dropped
    }
    push(token);
    open_.pop_back();
    if (opener != Kind::TOK_OPEN_BRACE)
      --brackets_;
  }

  Diagnostics& diagnostics_;
  std::vector<Token> result_;
  std::vector<Token> open_;
  int brackets_ = 0, prefixes_ = 0, questions_ = 0;
  bool in_header_ = false; // the outermost open bracket is that of a network's input
  bool too_deep_ = false;
};

} // namespace

void match_brackets(Tokens& tokens, Diagnostics& diagnostics) {
  tokens.tokens = Matcher(diagnostics).run(tokens.tokens);
}

} // namespace rvb::syntax
