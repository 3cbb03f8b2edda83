#include "syntax/print.h"

namespace rvb::syntax {

namespace {

using namespace ast;

class Dumper {
public:
  explicit Dumper(Locations locations) : locations_(locations) {}

  void item(const Item& item) {
    static const char* const words[] = {"import", "param",  "let",     "block", "function",
                                        "cell",   "neuron", "network", "recipe"};
    line(words[static_cast<int>(item.kind)] + named(item.name) + (item.input.sequence ? " over" : ""), item.range);
    ++level_;
    for (const Parameter& parameter : item.parameters) {
      line("parameter" + named(parameter.name), parameter.name.range);
      child(parameter.value);
    }
    for (const ExprPtr* expr : {&item.value, &item.choices, &item.shape, &item.input.steps, &item.input.condition})
      if (*expr)
        expression(**expr);
    statements(item.body);
    --level_;
  }

  std::string take() { return std::move(out_); }

private:
  static std::string named(const Name& name) { return name.empty() ? "" : " " + name.text; }

  void line(const std::string& text, Range range) {
    out_.append(static_cast<size_t>(level_) * 2, ' ');
    out_ += text;
    if (locations_ == Locations::show)
      out_ += " @" + std::to_string(range.begin) + ".." + std::to_string(range.end);
    out_ += '\n';
  }

  void child(const ExprPtr& expr) {
    ++level_;
    if (expr)
      expression(*expr);
    --level_;
  }

  void expression(const Expr& expr) {
    static const char* const words[] = {"integer", "real",  "boolean", "string",      "name", "list",    "record",
                                        "index",   "unary", "binary",  "conditional", "call", "pipeline"};
    std::string text = words[static_cast<int>(expr.kind)];
    if (expr.kind == Expr::Kind::call)
      text += named(expr.callee) + (expr.instance.empty() ? "" : " as " + expr.instance.text);
    else if (expr.kind <= Expr::Kind::name || expr.kind == Expr::Kind::unary || expr.kind == Expr::Kind::binary)
      text += " " + expr.text;
    line(text, expr.range);
    for (const ExprPtr& operand : expr.operands)
      child(operand);
    ++level_;
    for (const Argument& argument : expr.arguments) {
      line("argument" + named(argument.name), argument.value->range);
      child(argument.value);
    }
    --level_;
  }

  void statements(const Body& body) {
    static const char* const words[] = {"assign", "state", "emit", "return", "if", "repeat", "trained", "gradient"};
    for (const Statement& statement : body.statements) {
      line(words[static_cast<int>(statement.kind)] + named(statement.name), statement.range);
      child(statement.value);
      child(statement.end);
      ++level_;
      for (const Arm& arm : statement.arms) {
        line(arm.condition ? "when" : "else", arm.body.range);
        child(arm.condition);
        ++level_;
        statements(arm.body);
        --level_;
      }
      statements(statement.body);
      --level_;
    }
  }

  Locations locations_;
  int level_ = 0;
  std::string out_;
};

} // namespace

std::string dump(const ast::File& file, Locations locations) {
  Dumper dumper(locations);
  for (const Item& item : file.items)
    dumper.item(item);
  return dumper.take();
}

} // namespace rvb::syntax
