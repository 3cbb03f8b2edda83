#include "syntax/print.h"

namespace rvb::syntax {

using ast::Expr;
using Kind = Expr::Kind;

namespace {

// The grammar's levels: an operand that binds less tightly than its place needs parentheses.
enum Level { pipeline, conditional, disjunction, conjunction, negation, comparison, sum, product, prefix, postfix };

Level level_of(const Expr& expr) {
  switch (expr.kind) {
  case Kind::pipeline: return pipeline;
  case Kind::conditional: return conditional;
  case Kind::unary: return expr.text == "not" ? negation : prefix;
  case Kind::binary:
    if (expr.text == "or")
      return disjunction;
    if (expr.text == "and")
      return conjunction;
    if (expr.text == "+" || expr.text == "-")
      return sum;
    if (expr.text == "*" || expr.text == "/" || expr.text == "%")
      return product;
    return comparison;
  default: return postfix;
  }
}

void print(std::string& out, const Expr& expr, Level place);

void print_arguments(std::string& out, const std::vector<ast::Argument>& arguments) {
  out += "(";
  for (size_t i = 0; i < arguments.size(); ++i) {
    out += i == 0 ? "" : ", ";
    if (!arguments[i].name.empty())
      out += arguments[i].name.text + " = ";
    print(out, *arguments[i].value, pipeline);
  }
  out += ")";
}

void print_binary(std::string& out, const Expr& expr) {
  const Level level = level_of(expr);
  // All levels group to the left, but comparisons do not chain.
  print(out, *expr.operands[0], level == comparison ? sum : level);
  out += " " + expr.text + " ";
  print(out, *expr.operands[1], static_cast<Level>(level + 1));
}

void print_bare(std::string& out, const Expr& expr) {
  switch (expr.kind) {
  case Kind::integer:
  case Kind::real:
  case Kind::boolean:
  case Kind::string:
  case Kind::name: out += expr.text; break;
  case Kind::list:
    out += "[";
    for (size_t i = 0; i < expr.operands.size(); ++i) {
      out += i == 0 ? "" : ", ";
      print(out, *expr.operands[i], pipeline);
    }
    out += "]";
    break;
  case Kind::record: print_arguments(out, expr.arguments); break;
  case Kind::index:
    print(out, *expr.operands[0], postfix);
    out += "[";
    print(out, *expr.operands[1], pipeline);
    out += "]";
    break;
  case Kind::unary:
    out += expr.text == "not" ? "not " : "-";
    print(out, *expr.operands[0], expr.text == "not" ? negation : prefix);
    break;
  case Kind::binary: print_binary(out, expr); break;
  case Kind::conditional:
    print(out, *expr.operands[0], disjunction);
    out += " ? ";
    print(out, *expr.operands[1], disjunction); // one choice inside of another is easier to read in parentheses
    out += " : ";
    print(out, *expr.operands[2], conditional);
    break;
  case Kind::call:
    out += expr.callee.text;
    if (expr.parentheses)
      print_arguments(out, expr.arguments);
    if (!expr.instance.empty())
      out += " as " + expr.instance.text;
    break;
  case Kind::pipeline:
    for (size_t i = 0; i < expr.operands.size(); ++i) {
      out += i == 0 ? "" : " |> ";
      print(out, *expr.operands[i], i == 0 ? conditional : postfix);
    }
    break;
  }
}

void print(std::string& out, const Expr& expr, Level place) {
  const bool wrap = level_of(expr) < place;
  out += wrap ? "(" : "";
  print_bare(out, expr);
  out += wrap ? ")" : "";
}

} // namespace

std::string format(const Expr& expression) {
  std::string out;
  print(out, expression, pipeline);
  return out;
}

} // namespace rvb::syntax
