// What the grammar's actions work on: the tokens, the nodes they make, and where to go on after a mistake. Apart from
// grammar.y and parse.cpp nobody includes this.
#pragma once

#include "grammar.hpp"
#include "syntax/parse.h"
#include "syntax/tokens.h"

namespace rvb::syntax {

class State {
public:
  enum class Start { file, expression };
  State(Start start, const Sources& sources, const Tokens& tokens, Diagnostics& diagnostics);

  // The next token for the parser. After a mistake: the RESUME token, then the start of the next statement or item.
  int next(Parser::value_type* value, Range* range);
  void unexpected(Range where, const std::string& found, bool at_end, const std::vector<std::string>& expected);
  void failed(Range where, const std::string& message);

  ast::ExprPtr leaf(ast::Expr::Kind kind, Range range, std::string text);
  ast::ExprPtr node(ast::Expr::Kind kind, Range range, std::string text, ast::ExprPtr a, ast::ExprPtr b = nullptr,
                    ast::ExprPtr c = nullptr);
  ast::ExprPtr list(Range range, std::vector<ast::ExprPtr> elements);
  ast::ExprPtr record(Range range, std::vector<ast::Argument> arguments);
  ast::ExprPtr call(Range range, ast::Name callee, std::vector<ast::Argument> arguments, ast::Name instance);
  ast::ExprPtr pipe(Range range, ast::ExprPtr flow, ast::ExprPtr stage);
  ast::Statement statement(ast::Statement::Kind kind, Range range, ast::Name name, ast::ExprPtr value);
  ast::Item item(ast::Item::Kind kind, Range range, ast::Name name);
  ast::Item network(Range range, ast::Name name, ast::Name input, ast::ExprPtr shape, ast::InputSteps steps,
                    ast::Body body);

  // network Teacher(…) from "teacher.safetensors": `word` is to be `from`.
  void weights_of(ast::Item& network, const ast::Name& word, ast::ExprPtr path);

  std::vector<ast::Item> items;
  ast::ExprPtr expression;

private:
  void report_unexpected(Range where, const std::string& found, size_t offending,
                         const std::vector<std::string>& expected);
  ast::ExprPtr bounded(ast::ExprPtr node);
  size_t resume_at(size_t from) const;

  Start start_;
  std::string_view text_;
  const std::vector<Token>& tokens_;
  Diagnostics& diagnostics_;
  size_t position_ = 0; // of the next token
  bool started_ = false;
  bool resume_ = false;      // the next token is RESUME
  size_t last_mistake_ = -1; // the token that the last complaint was about
  int mistakes_ = 0;
  bool too_deep_ = false;
};

} // namespace rvb::syntax
