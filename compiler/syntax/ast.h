// The tree of a `.rvb` file, close to the text: nothing is resolved, every node knows where it stands. Private to
// syntax and sema.
#pragma once

#include "support/diagnostics.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace rvb::ast {

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

struct Name {
  std::string text;
  Range range;
  bool empty() const { return text.empty(); }
};

struct Argument {
  Name name; // empty: positional
  ExprPtr value;
};

struct Expr {
  enum class Kind {
    integer,     // text, integer
    real,        // text, number
    boolean,     // integer 0 or 1
    string,      // text: as written, with its quotes
    name,        // text
    list,        // operands
    record,      // arguments, all named: (mean = […], deviation = […])
    index,       // operands: list, position
    unary,       // text: - not; operands
    binary,      // text: + - * / % < <= > >= == != and or; operands
    conditional, // operands: condition, then, else
    call,        // callee, arguments, instance
    pipeline,    // operands: what flows in, then the stages (calls)
  };
  Kind kind = Kind::integer;
  Range range;
  int depth = 1; // of the tree below; bounded, so that recursion over it is safe
  std::string text;
  int64_t integer = 0;
  double number = 0;
  std::vector<ExprPtr> operands;
  Name callee;
  std::vector<Argument> arguments;
  bool parentheses = true; // false: a call without ()
  Name instance;           // conv2d(32) as encode
};

struct Statement;

struct Body {
  Range range; // with its braces
  std::vector<Statement> statements;
};

// One condition and what it guards; the last arm of an `if` may have no condition (`else`).
struct Arm {
  ExprPtr condition;
  Body body;
};

struct Statement {
  enum class Kind {
    assign,   // name = value
    state,    // state name = value over end
    emit,     // emit value
    give,     // return value
    branch,   // if …: arms
    repeat,   // repeat name in value..end body
    trained,  // trained name = value over end
    gradient, // gradient name = value
  };
  Kind kind = Kind::assign;
  Range range;
  int depth = 1;
  Name name;
  ExprPtr value, end;
  std::vector<Arm> arms;
  Body body;
};

struct Parameter {
  Name name;
  ExprPtr value; // the default; null: required
};

// How the network's input meets time: `repeated T`, `over T`, either with ` if condition`, else the other one.
struct InputSteps {
  ExprPtr steps;
  bool sequence = false; // `over`
  ExprPtr condition;     // null: always
};

struct Item {
  enum class Kind { import, param, let, block, function, cell, neuron, network, recipe };
  Kind kind = Kind::import;
  Range range;
  Name name;                         // of import: the name, or the path when `value` is set
  ExprPtr value;                     // import "path"; param and let; network: the file of a trained one
  ExprPtr choices;                   // param: a list of what it may be, or null
  std::vector<Parameter> parameters; // block, function, cell, neuron
  bool parentheses = true;           // neuron: whether it has a parameter list
  ExprPtr shape;                     // network: of its input, called parameters[0]
  InputSteps input;                  // network
  Body body;
};

// A comment as written, without the line break. It is no part of the tree; the printer puts it back by its range.
struct Comment {
  Range range;
  std::string text;
};

struct File {
  int file = -1;
  std::vector<Item> items;
  std::vector<Comment> comments;
};

} // namespace rvb::ast
