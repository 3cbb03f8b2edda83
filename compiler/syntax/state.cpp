#include "syntax/state.h"

#include "support/text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>

namespace rvb::syntax {

using ast::Expr;
using ast::ExprPtr;
using Kind = Parser::token;

State::State(Start start, const Sources& sources, const Tokens& tokens, Diagnostics& diagnostics)
    : start_(start), text_(sources[tokens.tokens.back().range.file].text), tokens_(tokens.tokens),
      diagnostics_(diagnostics) {}

int State::next(Parser::value_type* value, Range* range) {
  if (!started_) {
    started_ = true;
    *range = {tokens_[0].range.file, 0, 0};
    return start_ == Start::file ? Kind::TOK_START_FILE : Kind::TOK_START_EXPRESSION;
  }
  if (resume_) {
    resume_ = false;
    *range = tokens_[position_].range;
    range->end = range->begin;
    return mistakes_ < most_syntax_errors ? Kind::TOK_RESUME : Kind::TOK_END;
  }
  const Token& token = tokens_[position_];
  if (token.kind != Kind::TOK_END)
    ++position_;
  *range = token.range;
  switch (token.kind) {
  case Kind::TOK_NAME:
  case Kind::TOK_INTEGER:
  case Kind::TOK_REAL:
  case Kind::TOK_STRING:
    value->emplace<std::string>(text_.substr(token.range.begin, token.range.end - token.range.begin));
    break;
  default: break;
  }
  return token.kind;
}

void State::unexpected(Range where, const std::string& found, bool at_end, const std::vector<std::string>& expected) {
  ++mistakes_;
  // The parser reads one token ahead, so the offending one is the last that it was given.
  const size_t offending = at_end || position_ == 0 ? position_ : position_ - 1;
  const bool blank = where.begin == where.end && !at_end; // a bracket that was put in: it has been reported
  if (!blank)
    report_unexpected(where, found, offending, expected);
  resume_ = true;
  // `import neuron`: the keyword was meant as a name.
  const bool name = offending > 0 && tokens_[offending - 1].kind == Kind::TOK_IMPORT && !tokens_[offending].starts_line;
  const size_t from = offending == last_mistake_ || name ? offending + 1 : offending;
  last_mistake_ = offending;
  position_ = resume_at(std::min(from, tokens_.size() - 1));
}

// The first token at or after `from` that begins a statement in the same braces, closes them, or, outside of braces,
// begins an item.
size_t State::resume_at(size_t from) const {
  const int braces = tokens_[std::min(from, tokens_.size() - 1)].braces;
  size_t i = from;
  for (; i + 1 < tokens_.size(); ++i) {
    const Token& token = tokens_[i];
    if (token.braces < braces)
      break;
    if (token.braces > braces)
      continue;
    if (braces == 0 ? starts_item(token.kind) : token.kind == Kind::TOK_CLOSE_BRACE)
      break;
    if (braces == 0 || token.brackets > 0 || !token.starts_line)
      continue;
    if (starts_statement(token.kind) || (token.kind == Kind::TOK_NAME && tokens_[i + 1].kind == Kind::TOK_ASSIGN))
      break;
  }
  return i;
}

void State::failed(Range where, const std::string& message) {
  diagnostics_.report(Code::unexpected_token, where, printable(message, 100));
}

ExprPtr State::bounded(ExprPtr node) {
  const auto deeper = [&](const ExprPtr& child) {
    if (child)
      node->depth = std::max(node->depth, child->depth + 1);
  };
  for (const ExprPtr& child : node->operands)
    deeper(child);
  for (const ast::Argument& argument : node->arguments)
    deeper(argument.value);
  if (node->depth <= deepest)
    return node;
  if (!too_deep_)
    diagnostics_.report(Code::nested_too_deeply, node->range,
                        "an expression of more than " + std::to_string(deepest) + " levels", "here");
  too_deep_ = true;
  return leaf(Expr::Kind::boolean, node->range, "false");
}

ExprPtr State::leaf(Expr::Kind kind, Range range, std::string text) {
  auto node = std::make_unique<Expr>();
  node->kind = kind;
  node->range = range;
  if (kind == Expr::Kind::boolean)
    node->integer = text == "true";
  if (kind == Expr::Kind::integer) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), node->integer);
    if (error == std::errc::result_out_of_range)
      diagnostics_.report(Code::malformed_number, range, "the integer " + ticked(text) + " is out of range",
                          "integers have 64 bits");
    node->number = static_cast<double>(node->integer);
    static_cast<void>(end);
  }
  if (kind == Expr::Kind::real) {
    node->number = std::strtod(text.c_str(), nullptr);
    if (!std::isfinite(node->number))
      diagnostics_.report(Code::malformed_number, range, "the number " + ticked(text) + " is out of range",
                          "the largest is about 1.8e308");
  }
  node->text = std::move(text);
  return node;
}

ExprPtr State::node(Expr::Kind kind, Range range, std::string text, ExprPtr a, ExprPtr b, ExprPtr c) {
  auto node = std::make_unique<Expr>();
  node->kind = kind;
  node->range = range;
  node->text = std::move(text);
  for (ExprPtr* operand : {&a, &b, &c})
    if (*operand)
      node->operands.push_back(std::move(*operand));
  return bounded(std::move(node));
}

ExprPtr State::list(Range range, std::vector<ExprPtr> elements) {
  auto node = std::make_unique<Expr>();
  node->kind = Expr::Kind::list;
  node->range = range;
  node->operands = std::move(elements);
  return bounded(std::move(node));
}

ExprPtr State::record(Range range, std::vector<ast::Argument> arguments) {
  auto node = std::make_unique<Expr>();
  node->kind = Expr::Kind::record;
  node->range = range;
  node->arguments = std::move(arguments);
  return bounded(std::move(node));
}

ExprPtr State::call(Range range, ast::Name callee, std::vector<ast::Argument> arguments, ast::Name instance) {
  auto node = std::make_unique<Expr>();
  node->kind = Expr::Kind::call;
  node->range = range;
  node->callee = std::move(callee);
  node->arguments = std::move(arguments);
  node->instance = std::move(instance);
  return bounded(std::move(node));
}

// a |> f |> g is one node with three operands: a long pipeline is not a deep tree.
ExprPtr State::pipe(Range range, ExprPtr flow, ExprPtr stage) {
  // A pipeline in parentheses ends before this one's stage begins with `|>`; joining them changes nothing.
  if (flow->kind == Expr::Kind::pipeline) {
    // Only the new stage can deepen it; looking at all stages again would make long pipelines quadratic.
    flow->depth = std::max(flow->depth, stage->depth + 1);
    flow->operands.push_back(std::move(stage));
    flow->range = range;
    return flow->depth <= deepest ? std::move(flow) : bounded(std::move(flow));
  }
  return node(Expr::Kind::pipeline, range, "|>", std::move(flow), std::move(stage));
}

ast::Statement State::statement(ast::Statement::Kind kind, Range range, ast::Name name, ExprPtr value) {
  ast::Statement statement;
  statement.kind = kind;
  statement.range = range;
  statement.name = std::move(name);
  statement.value = std::move(value);
  return statement;
}

ast::Item State::item(ast::Item::Kind kind, Range range, ast::Name name) {
  ast::Item item;
  item.kind = kind;
  item.range = range;
  item.name = std::move(name);
  return item;
}

ast::Item State::network(Range range, ast::Name name, ast::Name input, ExprPtr shape, ast::InputSteps steps,
                         ast::Body body) {
  ast::Item item = this->item(ast::Item::Kind::network, range, std::move(name));
  ast::Parameter parameter;
  parameter.name = std::move(input);
  item.parameters.push_back(std::move(parameter));
  if (!steps.steps) {
    diagnostics_
        .report(Code::unexpected_token, shape->range, "the network's input has no time steps",
                "expected `repeated STEPS` or `over STEPS` after it")
        .help("`repeated 4`: one image, shown in each of 4 steps; `over 4`: a sequence of 4 frames");
    steps.steps = leaf(Expr::Kind::integer, shape->range, "1");
  }
  item.shape = std::move(shape);
  item.input = std::move(steps);
  item.body = std::move(body);
  return item;
}

void State::weights_of(ast::Item& network, const ast::Name& word, ast::ExprPtr path) {
  if (word.text != "from")
    diagnostics_
        .report(Code::unexpected_token, word.range, "unexpected name " + ticked(word.text), "expected `{` or `from`")
        .help(
            "a network that is trained already is written `network Teacher(...) from \"weights.safetensors\" { ... }`");
  network.value = std::move(path);
}

} // namespace rvb::syntax
