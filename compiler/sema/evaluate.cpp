#include "sema/elaborate.h"
#include "sema/elsewhere.h"
#include "support/text.h"

#include <cmath>

namespace rvb::sema {

using ast::Expr;
using Kind = Value::Kind;

Elaborator::Elaborator(const Sources& sources, Modules& modules, Diagnostics& diagnostics)
    : sources_(sources), modules_(modules), diagnostics_(diagnostics) {}

// One complaint a place: a block that is called ten times is wrong once.
Diagnostic& Elaborator::report(Code code, Range where, std::string message, std::string label) {
  if (!reported_.insert({static_cast<int>(code), where.file, where.begin, where.end}).second)
    return repeated_ = Diagnostic();
  Diagnostic& diagnostic = diagnostics_.report(code, where, std::move(message), std::move(label));
  dropped_ = &diagnostic != &diagnostics_.items().back();
  constexpr size_t most_frames = 3;
  for (size_t i = frames_.size(); i > 0 && i + most_frames > frames_.size(); --i)
    diagnostic.label(frames_[i - 1].site, "in this call of " + ticked(frames_[i - 1].block));
  return diagnostic;
}

void Elaborator::stop(Code code, Range where, const std::string& message, const std::string& label) {
  if (!stopped_)
    report(code, where, message, label);
  stopped_ = true;
}

Value Elaborator::evaluate(const Expr& expr, Scope& scope) {
  if (stopped_)
    return {};
  if (++steps_ > Limits::steps) {
    stop(Code::too_much_work, expr.range,
         "the model takes more than " + std::to_string(Limits::steps) + " steps to unroll", "stopped here");
    return {};
  }
  const Level level(depth_);
  if (depth_ > Limits::depth) {
    stop(Code::endless_recursion, expr.range, "blocks and expressions are nested too deeply", "stopped here");
    return {};
  }
  return dispatch(expr, scope);
}

Value Elaborator::dispatch(const Expr& expr, Scope& scope) {
  switch (expr.kind) {
  case Expr::Kind::integer: return Value::of_integer(expr.integer);
  case Expr::Kind::real: return Value::of_real(expr.number);
  case Expr::Kind::boolean: return Value::of_boolean(expr.integer != 0);
  case Expr::Kind::string: return Value::of_string(expr.text.substr(1, expr.text.size() - 2));
  case Expr::Kind::name: return lookup(expr.text, expr.range, scope);
  case Expr::Kind::list: return list(expr, scope);
  case Expr::Kind::record:
    report(Code::wrong_type, expr.range, "named values in parentheses have no meaning here",
           "only the recipe's settings take them");
    return {};
  case Expr::Kind::index: return index(expr, scope);
  case Expr::Kind::unary: return unary(expr, scope);
  case Expr::Kind::binary: return binary(expr, scope);
  case Expr::Kind::conditional: {
    const Value value = evaluate(*expr.operands[0], scope);
    if (value.is(Kind::tensor))
      return operation("select", {value, evaluate(*expr.operands[1], scope), evaluate(*expr.operands[2], scope)},
                       expr.range, scope);
    const std::optional<bool> condition = truth(value, expr.operands[0]->range);
    return condition ? evaluate(*expr.operands[*condition ? 1 : 2], scope) : Value();
  }
  case Expr::Kind::call: return call(expr, nullptr, {}, scope);
  case Expr::Kind::pipeline: {
    Value flow = evaluate(*expr.operands[0], scope);
    Range range = expr.operands[0]->range;
    for (size_t i = 1; i < expr.operands.size() && !stopped_; ++i) {
      if (++steps_ > Limits::steps)
        return evaluate(*expr.operands[i], scope); // reports the limit
      flow = call(*expr.operands[i], &flow, range, scope);
      range = expr.operands[i]->range;
    }
    return flow;
  }
  }
  return {};
}

Value Elaborator::lookup(const std::string& name, Range range, const Scope& scope) {
  if (const auto local = scope.names.find(name); local != scope.names.end())
    return local->second;
  if (const auto global = modules_.names.find(name); global != modules_.names.end()) {
    const Definition& definition = global->second;
    const bool neuron = definition.item->kind == ast::Item::Kind::neuron;
    if (neuron || callable(definition.item->kind) != nullptr) {
      Value value;
      value.kind = neuron ? Kind::neuron : Kind::block;
      value.neuron = definition.item;
      return value;
    }
    if (definition.item->kind == ast::Item::Kind::network) {
      report(Code::wrong_type, range, ticked(name) + " is a network, not a value",
             "call it with `(...)` or in a pipeline");
      return {};
    }
    if (definition.evaluated)
      return definition.value;
    if (scope.command_line) {
      report(Code::unknown_name, range, "a value on the command line cannot use " + ticked(name),
             "a name of the model");
      return {};
    }
    report(Code::unknown_name, range, ticked(name) + " is used before its definition", "not known yet")
        .label(definition.item->name.range, "defined here");
    return {};
  }
  if (name == "real" || name == "binary" || name == "ternary") {
    Value value;
    value.kind = Kind::weights;
    value.weights.kind = name == "real"     ? Weights::Kind::real
                         : name == "binary" ? Weights::Kind::binary
                                            : Weights::Kind::ternary;
    return value;
  }
  if (is_word(name))
    return Value::of_word(name);
  if (scope.unsure)
    return {};
  Diagnostic& diagnostic = report(Code::unknown_name, range, ticked(name) + " is not defined", "not found");
  if (layers::find(name) != nullptr) {
    diagnostic.help("a layer reads a tensor: `x |> " + name + "`");
    return {};
  }
  std::vector<std::string> names = visible_names(scope);
  names.insert(names.end(), words().begin(), words().end());
  names.insert(names.end(), {"real", "binary", "ternary", "true", "false"});
  const std::string near = diagnostics_.near(name, names);
  diagnostic.help(advice(name, near, elsewhere_value(name)));
  return {};
}

std::vector<std::string> Elaborator::visible_names(const Scope& scope) const {
  constexpr size_t most = 1000;
  std::vector<std::string> names;
  if (dropped_) // and so will be the advice that they are for
    return names;
  for (const auto& [name, value] : scope.names)
    if (names.size() < most)
      names.push_back(name);
  for (const auto& [name, definition] : modules_.names)
    if (names.size() < most)
      names.push_back(name);
  for (const layers::Row* layer : layers::table())
    if (layer->called)
      names.emplace_back(layer->name);
  for (const FunctionInfo& function : function_table())
    names.push_back(function.name);
  return names;
}

Value Elaborator::list(const Expr& expr, Scope& scope) {
  std::vector<Value> elements;
  bool ok = true;
  for (const ast::ExprPtr& operand : expr.operands) {
    Value value = evaluate(*operand, scope);
    ok &= !value.is_error();
    if (value.is(Kind::list) || value.called() || value.is(Kind::weights)) {
      report(Code::wrong_type, operand->range, "a list cannot hold " + type_name(value), "not a number or a word");
      ok = false;
    }
    elements.push_back(std::move(value));
  }
  return ok ? Value::of_list(std::move(elements)) : Value();
}

Value Elaborator::index(const Expr& expr, Scope& scope) {
  const Value base = evaluate(*expr.operands[0], scope), position = evaluate(*expr.operands[1], scope);
  if (base.is_error() || position.is_error())
    return {};
  if (!base.is(Kind::list)) {
    report(Code::wrong_type, expr.operands[0]->range, "only a list can be indexed, and this is " + type_name(base));
    return {};
  }
  if (!position.is(Kind::integer)) {
    report(Code::wrong_type, expr.operands[1]->range,
           "a position in a list must be an integer, found " + describe(position));
    return {};
  }
  if (position.integer < 0 || position.integer >= static_cast<int64_t>(base.list->size())) {
    report(Code::arithmetic, expr.operands[1]->range,
           "position " + std::to_string(position.integer) + " of a list of " + std::to_string(base.list->size()),
           "positions begin at 0");
    return {};
  }
  return (*base.list)[static_cast<size_t>(position.integer)];
}

std::optional<bool> Elaborator::truth(const Value& value, Range range) {
  if (value.is_error())
    return std::nullopt;
  if (value.is(Kind::boolean))
    return value.integer != 0;
  Diagnostic& diagnostic =
      report(Code::wrong_type, range, "a condition must be a truth value, found " + describe(value),
             "such as `i == 0` or `true`");
  if (value.is(Kind::tensor) && tensor_of(value).truth)
    diagnostic.help("what each number decides is written `condition ? a : b`");
  return std::nullopt;
}

Value Elaborator::unary(const Expr& expr, Scope& scope) {
  const Value value = evaluate(*expr.operands[0], scope);
  const bool negation = expr.text == "not";
  if (value.is(Kind::tensor))
    return operation(negation ? "logical_not" : "neg", {value}, expr.range, scope);
  if (negation) {
    const std::optional<bool> known = truth(value, expr.operands[0]->range);
    return known ? Value::of_boolean(!*known) : Value();
  }
  if (value.is_error())
    return {};
  if (value.is(Kind::integer))
    return binary_numbers("-", Value::of_integer(0), value, expr.range);
  if (value.is(Kind::real))
    return Value::of_real(-value.number);
  report(Code::wrong_type, expr.range, "`-` needs a number, found " + describe(value));
  return {};
}

Value Elaborator::binary(const Expr& expr, Scope& scope) {
  if (expr.text == "and" || expr.text == "or") {
    const Value left = evaluate(*expr.operands[0], scope);
    if (left.is(Kind::tensor))
      return operation(expr.text == "and" ? "logical_and" : "logical_or", {left, evaluate(*expr.operands[1], scope)},
                       expr.range, scope);
    const std::optional<bool> first = truth(left, expr.operands[0]->range);
    if (!first || *first == (expr.text == "or"))
      return first ? Value::of_boolean(*first) : Value();
    const std::optional<bool> second = truth(evaluate(*expr.operands[1], scope), expr.operands[1]->range);
    return second ? Value::of_boolean(*second) : Value();
  }
  const Value a = evaluate(*expr.operands[0], scope), b = evaluate(*expr.operands[1], scope);
  if (a.is_error() || b.is_error() || stopped_)
    return {};
  if ((a.is(Kind::tensor) || b.is(Kind::tensor)) && expr.text != "==" && expr.text != "!=")
    return tensor_binary(expr, a, b, scope);
  if (expr.text == "<" || expr.text == "<=" || expr.text == ">" || expr.text == ">=" || expr.text == "==" ||
      expr.text == "!=")
    return comparison(expr, a, b);
  if (!a.is_number() || !b.is_number()) {
    Diagnostic& diagnostic = report(Code::wrong_type, expr.range,
                                    ticked(expr.text) + " cannot join " + type_name(a) + " and " + type_name(b));
    diagnostic.label(expr.operands[0]->range, type_name(a)).label(expr.operands[1]->range, type_name(b));
    return {};
  }
  return binary_numbers(expr.text, a, b, expr.range);
}

Value Elaborator::comparison(const Expr& expr, const Value& a, const Value& b) {
  const std::string& sign = expr.text;
  if (sign == "==" || sign == "!=") {
    if (a.is(Kind::list) && b.is(Kind::list))
      steps_ += static_cast<int64_t>(a.list->size());
    return Value::of_boolean(equal(a, b) == (sign == "=="));
  }
  if (!a.is_number() || !b.is_number()) {
    report(Code::wrong_type, expr.range,
           ticked(sign) + " compares numbers, found " + describe(a) + " and " + describe(b));
    return {};
  }
  if (a.is(Kind::integer) && b.is(Kind::integer))
    return Value::of_boolean(sign == "<"    ? a.integer < b.integer
                             : sign == "<=" ? a.integer <= b.integer
                             : sign == ">"  ? a.integer > b.integer
                                            : a.integer >= b.integer);
  return Value::of_boolean(sign == "<"    ? a.number < b.number
                           : sign == "<=" ? a.number <= b.number
                           : sign == ">"  ? a.number > b.number
                                          : a.number >= b.number);
}

// Integers stay integers; `/` gives an integer when it comes out even and a number otherwise.
Value Elaborator::binary_numbers(const std::string& sign, const Value& a, const Value& b, Range range) {
  const bool integers = a.is(Kind::integer) && b.is(Kind::integer);
  if ((sign == "/" || sign == "%") && b.number == 0) {
    report(Code::arithmetic, range, "a division by zero");
    return {};
  }
  if (integers) {
    int64_t result = 0;
    // The smallest integer divided by -1 is the one quotient that does not fit.
    if ((sign == "/" || sign == "%") && b.integer == -1)
      return sign == "%" ? Value::of_integer(0) : binary_numbers("-", Value::of_integer(0), a, range);
    if (sign == "/" && a.integer % b.integer == 0)
      return Value::of_integer(a.integer / b.integer);
    if (sign == "%") {
      const int64_t rest = a.integer % b.integer;
      return Value::of_integer(rest != 0 && (rest < 0) != (b.integer < 0) ? rest + b.integer : rest);
    }
    if (sign != "/") {
      const bool overflow = sign == "+"   ? __builtin_add_overflow(a.integer, b.integer, &result)
                            : sign == "-" ? __builtin_sub_overflow(a.integer, b.integer, &result)
                                          : __builtin_mul_overflow(a.integer, b.integer, &result);
      if (!overflow)
        return Value::of_integer(result);
      report(Code::arithmetic, range, "the result does not fit into an integer of 64 bits");
      return {};
    }
  }
  double result = 0;
  if (sign == "+")
    result = a.number + b.number;
  else if (sign == "-")
    result = a.number - b.number;
  else if (sign == "*")
    result = a.number * b.number;
  else if (sign == "/")
    result = a.number / b.number;
  else
    result = a.number - b.number * std::floor(a.number / b.number);
  if (!std::isfinite(result)) {
    report(Code::arithmetic, range, "the result is not a finite number");
    return {};
  }
  return Value::of_real(result);
}

} // namespace rvb::sema
