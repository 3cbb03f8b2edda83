// The expressions of a neuron: what is constant is computed, the rest becomes operations.
#include "sema/neurons/builder.h"
#include "support/text.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

namespace rvb::sema {

using ast::Expr;

Term NeuronBuilder::operation(const char* name, Type type, std::vector<Term> operands, Range range) {
  if (++e_.neuron_nodes_ > Limits::all_neuron_nodes || ++nodes_ > Limits::neuron_nodes) {
    ok_ = false;
    e_.stop(Code::too_much_work, range, "the equations of this neuron are too long", "stopped here");
    return {};
  }
  Term term;
  term.type = type;
  term.expr.kind = Expression::Kind::operation;
  term.expr.operation = name;
  for (Term& operand : operands)
    term.expr.operands.push_back(std::move(operand.expr));
  return term;
}

Term NeuronBuilder::translate(const Expr& expr) {
  if (e_.stopped_ || ++e_.steps_ > Limits::steps) {
    ok_ = false;
    e_.stop(Code::too_much_work, expr.range, "the model takes too many steps to unroll", "stopped here");
    return {};
  }
  Term term = translated(expr);
  if (term.constant() && std::fabs(term.expr.number) > std::numeric_limits<float>::max())
    return fail(Code::bad_value, expr.range, "this number is too large for single precision",
                "the largest is about 3.4e38");
  return term;
}

Term NeuronBuilder::translated(const Expr& expr) {
  switch (expr.kind) {
  case Expr::Kind::integer:
  case Expr::Kind::real: return number(expr.number);
  case Expr::Kind::boolean: return truth(expr.integer != 0);
  case Expr::Kind::name: return name(expr);
  case Expr::Kind::unary: return unary(expr);
  case Expr::Kind::binary: return binary(expr);
  case Expr::Kind::conditional: return conditional(expr);
  case Expr::Kind::call: return call(expr);
  default:
    return fail(Code::misplaced_statement, expr.range, "this kind of expression has no meaning in a neuron",
                "equations are made of numbers, names and operators");
  }
}

Term NeuronBuilder::name(const Expr& expr) {
  if (const auto found = names_.locals.find(expr.text); found != names_.locals.end()) {
    const Known& known = known_[static_cast<size_t>(found->second)];
    if (known.number)
      return number(*known.number);
    if (known.truth)
      return truth(*known.truth);
    Term term;
    term.type = types_[static_cast<size_t>(found->second)];
    term.expr.kind = Expression::Kind::local;
    term.expr.local = found->second;
    return term;
  }
  if (names_.scope.names.count(expr.text) == 0 && e_.modules_.names.count(expr.text) == 0 && !is_word(expr.text)) {
    std::vector<std::string> names = e_.visible_names(names_.scope);
    for (const auto& [local, index] : names_.locals)
      names.push_back(local);
    ok_ = false;
    Diagnostic& diagnostic = e_.report(Code::unknown_name, expr.range, ticked(expr.text) + " is not defined",
                                       "not assigned before this line");
    const std::string near = e_.diagnostics_.near(expr.text, names);
    if (!near.empty())
      diagnostic.help("did you mean " + ticked(near) + "?");
    return {};
  }
  const Value value = e_.lookup(expr.text, expr.range, names_.scope);
  if (value.is_number())
    return number(value.number);
  if (value.is(Value::Kind::boolean))
    return truth(value.integer != 0);
  if (value.is_error()) {
    ok_ = false;
    return {};
  }
  return fail(Code::wrong_type, expr.range, ticked(expr.text) + " is " + type_name(value) + ", not a number", "");
}

// Whether the operands all have the type `wanted`; otherwise says so. Silent when a mistake was reported below.
bool NeuronBuilder::all(const std::vector<Term>& operands, Type wanted, const Expr& expr, const std::string& what) {
  for (const Term& operand : operands)
    if (!operand.ok()) {
      ok_ = false;
      return false;
    }
  for (const Term& operand : operands)
    if (operand.type != wanted) {
      fail(Code::neuron_type, expr.range,
           ticked(what) + " needs " + (wanted == Type::number ? "numbers" : "truth values") + ", found " +
               name_of(operand.type),
           wanted == Type::number ? "turn a condition into a number with `? 1 : 0`" : "");
      return false;
    }
  return true;
}

Term NeuronBuilder::unary(const Expr& expr) {
  std::vector<Term> operands;
  operands.push_back(translate(*expr.operands[0]));
  const bool negation = expr.text == "not";
  if (!all(operands, negation ? Type::boolean : Type::number, expr, expr.text))
    return {};
  if (operands[0].truth)
    return truth(!*operands[0].truth);
  if (operands[0].constant())
    return number(-operands[0].expr.number);
  return operation(negation ? "logical_not" : "neg", negation ? Type::boolean : Type::number, std::move(operands),
                   expr.range);
}

Term NeuronBuilder::binary(const Expr& expr) {
  std::vector<Term> operands;
  operands.push_back(translate(*expr.operands[0]));
  operands.push_back(translate(*expr.operands[1]));
  const std::string& sign = expr.text;
  if (sign == "and" || sign == "or") {
    if (!all(operands, Type::boolean, expr, sign))
      return {};
    for (size_t i = 0; i < 2; ++i)
      if (operands[i].truth) // true and x = x; false and x = false; the other way round for `or`
        return *operands[i].truth == (sign == "and") ? std::move(operands[1 - i]) : truth(sign == "or");
    return operation(sign == "and" ? "logical_and" : "logical_or", Type::boolean, std::move(operands), expr.range);
  }
  const char* name = operator_of(sign);
  if (name == nullptr)
    return fail(Code::misplaced_statement, expr.range, ticked(sign) + " has no meaning in a neuron",
                "write it with + - * / < <= > >=");
  if (!all(operands, Type::number, expr, sign))
    return {};
  if (operands[0].constant() && operands[1].constant()) {
    const double a = operands[0].expr.number, b = operands[1].expr.number;
    if (is_comparison(sign))
      return truth(sign == ">=" ? a >= b : sign == ">" ? a > b : sign == "<=" ? a <= b : a < b);
    const Value value = e_.binary_numbers(sign, Value::of_real(a), Value::of_real(b), expr.range);
    ok_ &= !value.is_error();
    return value.is_error() ? Term() : number(value.number);
  }
  return operation(name, is_comparison(sign) ? Type::boolean : Type::number, std::move(operands), expr.range);
}

Term NeuronBuilder::conditional(const Expr& expr) {
  Term condition = translate(*expr.operands[0]);
  std::vector<Term> branches;
  branches.push_back(translate(*expr.operands[1]));
  branches.push_back(translate(*expr.operands[2]));
  if (!condition.ok() || !branches[0].ok() || !branches[1].ok())
    return {};
  if (condition.type != Type::boolean)
    return fail(Code::neuron_type, expr.operands[0]->range, "a condition must be a truth value, found a number",
                "compare it: `u >= threshold`");
  if (condition.truth)
    return std::move(branches[*condition.truth ? 0 : 1]);
  if (!all(branches, Type::number, expr, "? :"))
    return {};
  branches.insert(branches.begin(), std::move(condition));
  return operation("select", Type::number, std::move(branches), expr.range);
}

Term NeuronBuilder::call(const Expr& expr) {
  const std::string& name = expr.callee.text;
  if (const auto own = e_.modules_.names.find(name);
      own != e_.modules_.names.end() && own->second.item->kind == ast::Item::Kind::function)
    return call_function(*own->second.item, expr);
  const FunctionInfo* function = find_function(neuron_function_table(), name);
  if (function == nullptr) {
    std::vector<std::string> names;
    for (const FunctionInfo& each : neuron_function_table())
      names.push_back(each.name);
    for (const auto& [defined, definition] : e_.modules_.names)
      if (definition.item->kind == ast::Item::Kind::function)
        names.push_back(defined);
    ok_ = false;
    Diagnostic& diagnostic =
        e_.report(Code::unknown_name, expr.callee.range, "neurons have no function " + ticked(name), "not found");
    const std::string near = e_.diagnostics_.near(name, names);
    if (!near.empty())
      diagnostic.help("did you mean " + ticked(near) + "?");
    return {};
  }
  const bool is_step = name == "step";
  // `step` has two options; they go through the same sorting as everybody's arguments, each as its number.
  Actuals actuals{&expr, nullptr, {}, std::vector<Value>(expr.arguments.size())};
  for (size_t i = 0; i < expr.arguments.size(); ++i)
    actuals.values[i] = Value::of_integer(static_cast<int64_t>(i));
  const Bound bound = e_.bind("function " + ticked(name), function->slots, actuals);
  if (!bound.ok || !e_.no_instance(expr)) {
    ok_ = false;
    return {};
  }
  std::vector<Term> operands;
  for (size_t i = 0; i < (is_step ? 1 : function->slots.size()); ++i)
    operands.push_back(translate(argument(expr, bound, i)));
  if (!all(operands, Type::number, expr, name))
    return {};
  bool constant = true;
  for (const Term& operand : operands)
    constant &= operand.constant();
  if (constant) {
    const double result = fold(name, operands);
    if (std::isfinite(result))
      return number(result);
    std::string numbers;
    for (const Term& operand : operands)
      numbers += (numbers.empty() ? "" : ", ") + text_of(operand.expr.number);
    return fail(Code::arithmetic, expr.range, ticked(name + "(" + numbers + ")") + " is not a finite number", "");
  }
  Term term = operation(function->name.c_str(), Type::number, std::move(operands), expr.range);
  if (is_step && term.ok()) {
    term.expr.surrogate = "rectangle";
    step_options(expr, bound, term.expr);
  }
  return term;
}

const Expr& NeuronBuilder::argument(const Expr& expr, const Bound& bound, size_t slot) {
  return *expr.arguments[static_cast<size_t>(bound.values[slot]->integer)].value;
}

void NeuronBuilder::step_options(const Expr& expr, const Bound& bound, Expression& step) {
  if (bound.values[1]) {
    const Expr& option = argument(expr, bound, 1);
    const bool unknown = option.kind == Expr::Kind::name && names_.scope.names.count(option.text) == 0 &&
                         e_.modules_.names.count(option.text) == 0 && !is_word(option.text);
    const Value value = unknown ? Value() : e_.evaluate(option, names_.scope);
    if (value.is(Value::Kind::word) && is_surrogate(value.text))
      step.surrogate = value.text;
    else
      fail(Code::bad_value, option.range, "`surrogate` must be rectangle, triangle, arctangent or sigmoid",
           "not a surrogate gradient");
  }
  if (!bound.values[2])
    return;
  const Expr& option = argument(expr, bound, 2);
  const Term width = translate(option);
  if (width.constant() && width.expr.number >= 1e-6 && width.expr.number <= 1e6)
    step.width = width.expr.number;
  else if (width.ok())
    fail(Code::bad_value, option.range, "`width` must be a constant from 1e-6 to 1e6",
         "the width of the surrogate gradient");
}

} // namespace rvb::sema
