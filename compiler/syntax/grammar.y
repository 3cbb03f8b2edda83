/* The grammar (LANGUAGE.md shows it for readers). The parser is a value without globals; what its actions need is State. */
%require "3.8"
%language "c++"
%defines
%define api.namespace {rvb::syntax}
%define api.parser.class {Parser}
%define api.value.type variant
%define api.value.automove
%define api.token.prefix {TOK_}
%define api.location.type {rvb::Range}
%define parse.error custom
%define parse.lac full
%locations
%parse-param { rvb::syntax::State& state }
%lex-param { rvb::syntax::State& state }

%code requires {
#include "syntax/ast.h"
namespace rvb::syntax {
class State;
}
#define YYLLOC_DEFAULT(current, rhs, n)                                                                                \
  do {                                                                                                                 \
    if (n) {                                                                                                           \
      (current) = YYRHSLOC(rhs, 1);                                                                                    \
      (current).end = YYRHSLOC(rhs, n).end;                                                                            \
    } else {                                                                                                           \
      (current) = YYRHSLOC(rhs, 0);                                                                                    \
      (current).begin = (current).end;                                                                                 \
    }                                                                                                                  \
  } while (false)
}

%code {
#include "syntax/state.h"
using rvb::ast::Argument;
using rvb::ast::Arm;
using rvb::ast::Body;
using rvb::ast::Expr;
using rvb::ast::ExprPtr;
using rvb::ast::Item;
using rvb::ast::Statement;
using K = rvb::ast::Expr::Kind;
using S = rvb::ast::Statement::Kind;
using I = rvb::ast::Item::Kind;

static int yylex(rvb::syntax::Parser::value_type* value, rvb::Range* range, rvb::syntax::State& state) {
  return state.next(value, range);
}
}

%token END 0 "the end of the file"
%token START_FILE "a file" START_EXPRESSION "an expression" RESUME "a new line"
%token IMPORT "`import`" PARAM "`param`" LET "`let`" BLOCK "`block`" FUNCTION "`function`" CELL "`cell`" NEURON "`neuron`" NETWORK "`network`" RECIPE "`recipe`"
%token REPEATED "`repeated`" OVER "`over`" RETURN "`return`" EMIT "`emit`" STATE "`state`" TRAINED "`trained`" GRADIENT "`gradient`" IF "`if`" ELSE "`else`"
%token REPEAT "`repeat`" IN "`in`" AS "`as`" AND "`and`" OR "`or`" NOT "`not`" TRUE "`true`" FALSE "`false`"
%token PIPE "`|>`" DOTS "`..`" LESS_EQUAL "`<=`" GREATER_EQUAL "`>=`" EQUAL "`==`" NOT_EQUAL "`!=`" LESS "`<`" GREATER "`>`"
%token ASSIGN "`=`" PLUS "`+`" MINUS "`-`" TIMES "`*`" DIVIDE "`/`" REMAINDER "`%`" QUESTION "`?`" COLON "`:`" COMMA "`,`"
%token OPEN_ROUND "`(`" CLOSE_ROUND "`)`" OPEN_SQUARE "`[`" CLOSE_SQUARE "`]`" OPEN_BRACE "`{`" CLOSE_BRACE "`}`"
%token <std::string> NAME "a name" INTEGER "an integer" REAL "a number" STRING "a string"

%type <std::string> comparison_sign
%type <rvb::ast::ExprPtr> expression conditional disjunction conjunction negation comparison sum product prefix postfix primary stage
%type <std::vector<rvb::ast::ExprPtr>> expressions
%type <rvb::ast::Argument> argument named_argument
%type <std::vector<rvb::ast::Argument>> arguments argument_list named_arguments
%type <rvb::ast::InputSteps> input_steps
%type <rvb::ast::Parameter> parameter
%type <std::vector<rvb::ast::Parameter>> parameters parameter_list
%type <rvb::ast::Body> body
%type <std::vector<rvb::ast::Statement>> statements
%type <rvb::ast::Statement> statement
%type <std::vector<rvb::ast::Arm>> arms
%type <std::vector<rvb::ast::Item>> items
%type <rvb::ast::Item> item

%%

start:
  START_FILE items END           { state.items = $2; }
| START_EXPRESSION expression END { state.expression = $2; }
;

items:
  %empty            { }
| items item        { $$ = $1; $$.push_back($2); }
| items error RESUME { $$ = $1; yyerrok; }
;

item:
  IMPORT NAME                   { $$ = state.item(I::import, @$, {$2, @2}); }
| IMPORT STRING                 { $$ = state.item(I::import, @$, {}); $$.value = state.leaf(K::string, @2, $2); }
| PARAM NAME ASSIGN expression  { $$ = state.item(I::param, @$, {$2, @2}); $$.value = $4; }
| PARAM NAME ASSIGN expression IN expression
                                { $$ = state.item(I::param, @$, {$2, @2}); $$.value = $4; $$.choices = $6; }
| LET NAME ASSIGN expression    { $$ = state.item(I::let, @$, {$2, @2}); $$.value = $4; }
| BLOCK NAME OPEN_ROUND parameters CLOSE_ROUND body
                                { $$ = state.item(I::block, @$, {$2, @2}); $$.parameters = $4; $$.body = $6; }
| FUNCTION NAME OPEN_ROUND parameters CLOSE_ROUND body
                                { $$ = state.item(I::function, @$, {$2, @2}); $$.parameters = $4; $$.body = $6; }
| CELL NAME OPEN_ROUND parameters CLOSE_ROUND body
                                { $$ = state.item(I::cell, @$, {$2, @2}); $$.parameters = $4; $$.body = $6; }
| NEURON NAME body              { $$ = state.item(I::neuron, @$, {$2, @2}); $$.parentheses = false; $$.body = $3; }
| NEURON NAME OPEN_ROUND parameters CLOSE_ROUND body
                                { $$ = state.item(I::neuron, @$, {$2, @2}); $$.parameters = $4; $$.body = $6; }
| NETWORK NAME OPEN_ROUND NAME COLON expression input_steps CLOSE_ROUND body
                                { $$ = state.network(@$, {$2, @2}, {$4, @4}, $6, $7, $9); }
| NETWORK NAME OPEN_ROUND NAME COLON expression input_steps CLOSE_ROUND NAME STRING body
                                { $$ = state.network(@$, {$2, @2}, {$4, @4}, $6, $7, $11);
                                  state.weights_of($$, {$9, @9}, state.leaf(K::string, @10, $10)); }
| RECIPE body                   { $$ = state.item(I::recipe, @$, {}); $$.body = $2; }
;

input_steps:
  REPEATED expression               { $$.steps = $2; }
| OVER expression                   { $$.steps = $2; $$.sequence = true; }
| REPEATED expression IF expression { $$.steps = $2; $$.condition = $4; }
| OVER expression IF expression     { $$.steps = $2; $$.condition = $4; $$.sequence = true; }
| %empty                            { } // reported by state.network
;

parameters:
  %empty               { }
| parameter_list       { $$ = $1; }
| parameter_list COMMA { $$ = $1; }
;

parameter_list:
  parameter                      { $$.push_back($1); }
| parameter_list COMMA parameter { $$ = $1; $$.push_back($3); }
;

parameter:
  NAME                   { $$.name = {$1, @1}; }
| NAME ASSIGN expression { $$.name = {$1, @1}; $$.value = $3; }
;

body:
  OPEN_BRACE statements CLOSE_BRACE { $$.range = @$; $$.statements = $2; }
;

statements:
  %empty                 { }
| statements statement   { $$ = $1; $$.push_back($2); }
| statements error RESUME { $$ = $1; yyerrok; }
;

statement:
  NAME ASSIGN expression       { $$ = state.statement(S::assign, @$, {$1, @1}, $3); }
| STATE NAME ASSIGN expression { $$ = state.statement(S::state, @$, {$2, @2}, $4); }
| STATE NAME ASSIGN expression OVER expression
                               { $$ = state.statement(S::state, @$, {$2, @2}, $4); $$.end = $6; }
| TRAINED NAME ASSIGN expression
                               { $$ = state.statement(S::trained, @$, {$2, @2}, $4); }
| TRAINED NAME ASSIGN expression OVER expression
                               { $$ = state.statement(S::trained, @$, {$2, @2}, $4); $$.end = $6; }
| GRADIENT NAME ASSIGN expression
                               { $$ = state.statement(S::gradient, @$, {$2, @2}, $4); }
| EMIT expression              { $$ = state.statement(S::emit, @$, {}, $2); }
| RETURN expression            { $$ = state.statement(S::give, @$, {}, $2); }
| REPEAT NAME IN expression DOTS expression body
                               { $$ = state.statement(S::repeat, @$, {$2, @2}, $4); $$.end = $6; $$.body = $7; }
| arms                         { $$ = state.statement(S::branch, @$, {}, nullptr); $$.arms = $1; }
| arms ELSE body               { $$ = state.statement(S::branch, @$, {}, nullptr); $$.arms = $1;
                                 $$.arms.emplace_back(); $$.arms.back().body = $3; }
;

arms:
  IF expression body           { $$.emplace_back(); $$.back().condition = $2; $$.back().body = $3; }
| arms ELSE IF expression body { $$ = $1; $$.emplace_back(); $$.back().condition = $4; $$.back().body = $5; }
;

expression:
  conditional           { $$ = $1; }
| expression PIPE stage { $$ = state.pipe(@$, $1, $3); }
;

stage:
  NAME                                                { $$ = state.call(@$, {$1, @1}, {}, {}); $$->parentheses = false; }
| NAME OPEN_ROUND arguments CLOSE_ROUND               { $$ = state.call(@$, {$1, @1}, $3, {}); }
| NAME AS NAME                                        { $$ = state.call(@$, {$1, @1}, {}, {$3, @3}); $$->parentheses = false; }
| NAME OPEN_ROUND arguments CLOSE_ROUND AS NAME       { $$ = state.call(@$, {$1, @1}, $3, {$6, @6}); }
;

conditional:
  disjunction                                        { $$ = $1; }
| disjunction QUESTION conditional COLON conditional { $$ = state.node(K::conditional, @$, "?", $1, $3, $5); }
;

disjunction:
  conjunction                { $$ = $1; }
| disjunction OR conjunction { $$ = state.node(K::binary, @$, "or", $1, $3); }
;

conjunction:
  negation                 { $$ = $1; }
| conjunction AND negation { $$ = state.node(K::binary, @$, "and", $1, $3); }
;

negation:
  comparison   { $$ = $1; }
| NOT negation { $$ = state.node(K::unary, @$, "not", $2); }
;

comparison:
  sum                     { $$ = $1; }
| sum comparison_sign sum { $$ = state.node(K::binary, @$, $2, $1, $3); }
;

comparison_sign:
  LESS { $$ = "<"; } | LESS_EQUAL { $$ = "<="; } | GREATER { $$ = ">"; } | GREATER_EQUAL { $$ = ">="; }
| EQUAL { $$ = "=="; } | NOT_EQUAL { $$ = "!="; }
;

sum:
  product           { $$ = $1; }
| sum PLUS product  { $$ = state.node(K::binary, @$, "+", $1, $3); }
| sum MINUS product { $$ = state.node(K::binary, @$, "-", $1, $3); }
;

product:
  prefix                   { $$ = $1; }
| product TIMES prefix     { $$ = state.node(K::binary, @$, "*", $1, $3); }
| product DIVIDE prefix    { $$ = state.node(K::binary, @$, "/", $1, $3); }
| product REMAINDER prefix { $$ = state.node(K::binary, @$, "%", $1, $3); }
;

prefix:
  postfix      { $$ = $1; }
| MINUS prefix { $$ = state.node(K::unary, @$, "-", $2); }
;

postfix:
  primary                                      { $$ = $1; }
| postfix OPEN_SQUARE expression CLOSE_SQUARE  { $$ = state.node(K::index, @$, "[]", $1, $3); }
;

primary:
  INTEGER                                       { $$ = state.leaf(K::integer, @$, $1); }
| REAL                                          { $$ = state.leaf(K::real, @$, $1); }
| STRING                                        { $$ = state.leaf(K::string, @$, $1); }
| TRUE                                          { $$ = state.leaf(K::boolean, @$, "true"); }
| FALSE                                         { $$ = state.leaf(K::boolean, @$, "false"); }
| NAME                                          { $$ = state.leaf(K::name, @$, $1); }
| NAME OPEN_ROUND arguments CLOSE_ROUND         { $$ = state.call(@$, {$1, @1}, $3, {}); }
| NAME OPEN_ROUND arguments CLOSE_ROUND AS NAME { $$ = state.call(@$, {$1, @1}, $3, {$6, @6}); }
| OPEN_SQUARE expressions CLOSE_SQUARE          { $$ = state.list(@$, $2); }
| OPEN_SQUARE expressions COMMA CLOSE_SQUARE    { $$ = state.list(@$, $2); }
| OPEN_SQUARE CLOSE_SQUARE                      { $$ = state.list(@$, {}); }
| OPEN_ROUND expression CLOSE_ROUND             { $$ = $2; }
| OPEN_ROUND named_arguments CLOSE_ROUND        { $$ = state.record(@$, $2); }
| OPEN_ROUND named_arguments COMMA CLOSE_ROUND  { $$ = state.record(@$, $2); }
;

expressions:
  expression                   { $$.push_back($1); }
| expressions COMMA expression { $$ = $1; $$.push_back($3); }
;

arguments:
  %empty              { }
| argument_list       { $$ = $1; }
| argument_list COMMA { $$ = $1; }
;

argument_list:
  argument                     { $$.push_back($1); }
| argument_list COMMA argument { $$ = $1; $$.push_back($3); }
;

argument:
  expression     { $$.value = $1; }
| named_argument { $$ = $1; }
;

named_argument:
  NAME ASSIGN expression { $$.name = {$1, @1}; $$.value = $3; }
| OVER ASSIGN expression { $$.name = {"over", @1}; $$.value = $3; }
;

named_arguments:
  named_argument                       { $$.push_back($1); }
| named_arguments COMMA named_argument { $$ = $1; $$.push_back($3); }
;

%%

void rvb::syntax::Parser::report_syntax_error(const context& found) const {
  constexpr int most = 100; // more than there are tokens
  symbol_kind_type expected[most];
  const int count = found.expected_tokens(expected, most);
  std::vector<std::string> names;
  for (int i = 0; i < count; ++i)
    if (expected[i] != symbol_kind::S_RESUME && expected[i] != symbol_kind::S_YYerror)
      names.push_back(symbol_name(expected[i]));
  state.unexpected(found.location(), symbol_name(found.token()), found.token() == symbol_kind::S_YYEOF, names);
}

void rvb::syntax::Parser::error(const location_type& where, const std::string& message) { state.failed(where, message); }
