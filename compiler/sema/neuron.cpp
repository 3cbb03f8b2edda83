// From the definition of a neuron and its arguments to sema::Neuron: parameters become numbers, what is constant is
// computed here, and what remains is a list of assignments over numbered locals.
#include "sema/elaborate.h"
#include "sema/term.h"
#include "support/text.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

namespace rvb::sema {

using ast::Expr;
class NeuronBuilder {
public:
  NeuronBuilder(Elaborator& elaborator, const ast::Item& item) : e_(elaborator), item_(item) {}

  std::optional<Neuron> build(const std::vector<Value>& arguments) {
    neuron_.name = item_.name.text;
    for (size_t i = 0; i < arguments.size(); ++i)
      scope_.names[item_.parameters[i].name.text] = arguments[i];
    if (scope_.names.count("input") != 0)
      fail(Code::reserved_name, item_.name.range, "`input` is what flows into a neuron and cannot be a parameter", "");
    add_local("input", Type::number);
    for (const ast::Statement& statement : item_.body.statements)
      if (ok_ || !e_.stopped_)
        take(statement);
    if (emits_ == 0 && !e_.stopped_)
      fail(Code::bad_emit, item_.name.range, "the neuron " + ticked(neuron_.name) + " emits nothing",
           "no `emit` in its body");
    if (!ok_)
      return std::nullopt;
    return std::move(neuron_);
  }

private:
  Term fail(Code code, Range where, const std::string& message, const std::string& label) {
    ok_ = false;
    e_.report(code, where, message, label);
    return {};
  }

  int add_local(const std::string& name, Type type) {
    const int index = static_cast<int>(neuron_.locals.size());
    neuron_.locals.push_back(name);
    types_.push_back(type);
    known_.emplace_back();
    locals_[name] = index;
    return index;
  }

  void take(const ast::Statement& statement) {
    const std::string& name = statement.name.text;
    switch (statement.kind) {
    case ast::Statement::Kind::state: state(statement); return;
    case ast::Statement::Kind::trained: trained(statement); return;
    case ast::Statement::Kind::emit: emit(statement); return;
    case ast::Statement::Kind::assign: break;
    case ast::Statement::Kind::give:
      fail(Code::misplaced_statement, statement.range, "`return` in a neuron", "a neuron gives its output with `emit`");
      return;
    default:
      fail(Code::misplaced_statement, statement.range, "`if` and `repeat` in a neuron",
           "only assignments, `state`, `trained` and `emit`; a choice is `u = fires ? 0 : u`");
      return;
    }
    for (const Trained& each : neuron_.trained)
      if (each.name == name) {
        fail(Code::duplicate_definition, statement.name.range, ticked(name) + " is learned and cannot be assigned",
             "choose another name");
        return;
      }
    if (name == "input" || scope_.names.count(name) != 0) {
      fail(Code::duplicate_definition, statement.name.range,
           ticked(name) + (name == "input" ? " is what flows in" : " is a parameter") + " and cannot be assigned",
           "choose another name");
      return;
    }
    Term value = translate(*statement.value);
    const auto found = locals_.find(name);
    const int local = found != locals_.end() ? found->second : add_local(name, value.type);
    Type& type = types_[static_cast<size_t>(local)];
    if (value.ok() && type != Type::error && type != value.type) {
      fail(Code::neuron_type, statement.value->range,
           ticked(name) + " was " + name_of(type) + " and is assigned " + name_of(value.type), name_of(value.type));
      return;
    }
    if (value.ok())
      type = value.type;
    // Straight-line code: a constant can be put wherever the name is read. A state's next value is needed all the same.
    Known& known = known_[static_cast<size_t>(local)];
    known.truth = value.truth;
    known.number = value.constant() ? std::optional<double>(value.expr.number) : std::nullopt;
    if (local <= neuron_.states || (!known.truth && !known.number))
      neuron_.statements.push_back({sema::Statement::Kind::assign, local, std::move(value.expr)});
  }

  void state(const ast::Statement& statement) {
    const std::string& name = statement.name.text;
    if (!neuron_.statements.empty() || emits_ > 0 || !neuron_.trained.empty()) {
      fail(Code::misplaced_statement, statement.range,
           neuron_.trained.empty() ? "a `state` after the first equation" : "a `state` after a `trained` number",
           "states stand at the top of the neuron");
      return;
    }
    if (locals_.count(name) != 0 || scope_.names.count(name) != 0) {
      fail(Code::duplicate_definition, statement.name.range, ticked(name) + " is defined twice", "again here");
      return;
    }
    const Term value = translate(*statement.value);
    if (value.ok() && !value.constant())
      fail(value.type == Type::number ? Code::bad_value : Code::neuron_type, statement.value->range,
           "a state must begin with a constant number", "not a constant number");
    add_local(name, Type::number);
    ++neuron_.states;
    neuron_.initial.push_back(value.expr.number);
  }

  // trained leak = 0.25 over channel
  void trained(const ast::Statement& statement) {
    const std::string& name = statement.name.text;
    static const char* const taken[] = {"weight", "bias", "alpha", "running_mean", "running_var"};
    if (!neuron_.statements.empty() || emits_ > 0) {
      fail(Code::misplaced_statement, statement.range, "a `trained` number after the first equation",
           "they stand at the top of the neuron, behind the states");
      return;
    }
    if (locals_.count(name) != 0 || scope_.names.count(name) != 0 ||
        std::find(std::begin(taken), std::end(taken), name) != std::end(taken)) {
      fail(Code::duplicate_definition, statement.name.range, ticked(name) + " is defined twice", "again here");
      return;
    }
    const Term value = translate(*statement.value);
    if (value.ok() && !value.constant())
      fail(value.type == Type::number ? Code::bad_value : Code::neuron_type, statement.value->range,
           "a learned number must begin as a constant", "not a constant number");
    bool each_channel = false;
    if (statement.end) {
      const Value over = e_.evaluate(*statement.end, scope_);
      each_channel = over.is(Value::Kind::word) && over.text == "channel";
      if (!over.is_error() && !each_channel && !(over.is(Value::Kind::word) && over.text == "layer"))
        fail(Code::bad_value, statement.end->range, "a number is learned over `layer` or `channel`",
             "found " + describe(over));
      ok_ &= !over.is_error();
    }
    add_local(name, Type::number);
    neuron_.trained.push_back({name, value.expr.number, each_channel});
  }

  void emit(const ast::Statement& statement) {
    if (++emits_ > 1) {
      fail(Code::bad_emit, statement.range, "the neuron " + ticked(neuron_.name) + " emits twice", "again here");
      return;
    }
    Term value = translate(*statement.value);
    if (value.ok() && value.type != Type::number)
      value = fail(Code::neuron_type, statement.value->range, "a neuron emits a number, found a truth value",
                   "such as `fires ? 1 : 0`");
    else if (value.constant())
      value = fail(Code::bad_emit, statement.value->range, "this neuron always emits the same number",
                   "depends on nothing");
    neuron_.statements.push_back({sema::Statement::Kind::emit, 0, std::move(value.expr)});
  }

  Term operation(const char* name, Type type, std::vector<Term> operands, Range range) {
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

  Term translate(const Expr& expr) {
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

  Term translated(const Expr& expr) {
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

  Term name(const Expr& expr) {
    if (const auto found = locals_.find(expr.text); found != locals_.end()) {
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
    if (scope_.names.count(expr.text) == 0 && e_.modules_.names.count(expr.text) == 0 && !is_word(expr.text)) {
      std::vector<std::string> names = e_.visible_names(scope_);
      for (const auto& [local, index] : locals_)
        names.push_back(local);
      ok_ = false;
      Diagnostic& diagnostic = e_.report(Code::unknown_name, expr.range, ticked(expr.text) + " is not defined",
                                         "not assigned before this line");
      const std::string near = e_.diagnostics_.near(expr.text, names);
      if (!near.empty())
        diagnostic.help("did you mean " + ticked(near) + "?");
      return {};
    }
    const Value value = e_.lookup(expr.text, expr.range, scope_);
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
  bool all(const std::vector<Term>& operands, Type wanted, const Expr& expr, const std::string& what) {
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

  Term unary(const Expr& expr) {
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

  Term binary(const Expr& expr) {
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
    static const std::map<std::string, const char*> arithmetic = {
        {"+", "add"}, {"-", "sub"}, {"*", "mul"}, {"/", "div"}};
    static const std::map<std::string, const char*> comparisons = {
        {">=", "greater_equal"}, {">", "greater"}, {"<=", "less_equal"}, {"<", "less"}};
    const auto arithmetic_sign = arithmetic.find(sign);
    const auto comparison = comparisons.find(sign);
    if (arithmetic_sign == arithmetic.end() && comparison == comparisons.end())
      return fail(Code::misplaced_statement, expr.range, ticked(sign) + " has no meaning in a neuron",
                  "write it with + - * / < <= > >=");
    if (!all(operands, Type::number, expr, sign))
      return {};
    if (operands[0].constant() && operands[1].constant()) {
      const double a = operands[0].expr.number, b = operands[1].expr.number;
      if (comparison != comparisons.end())
        return truth(sign == ">=" ? a >= b : sign == ">" ? a > b : sign == "<=" ? a <= b : a < b);
      const Value value = e_.binary_numbers(sign, Value::of_real(a), Value::of_real(b), expr.range);
      ok_ &= !value.is_error();
      return value.is_error() ? Term() : number(value.number);
    }
    if (comparison != comparisons.end())
      return operation(comparison->second, Type::boolean, std::move(operands), expr.range);
    return operation(arithmetic_sign->second, Type::number, std::move(operands), expr.range);
  }

  Term conditional(const Expr& expr) {
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

  Term call(const Expr& expr) {
    const std::string& name = expr.callee.text;
    const FunctionInfo* function = find_function(neuron_function_table(), name);
    if (function == nullptr) {
      std::vector<std::string> names;
      for (const FunctionInfo& each : neuron_function_table())
        names.push_back(each.name);
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

  static const Expr& argument(const Expr& expr, const Bound& bound, size_t slot) {
    return *expr.arguments[static_cast<size_t>(bound.values[slot]->integer)].value;
  }

  void step_options(const Expr& expr, const Bound& bound, Expression& step) {
    if (bound.values[1]) {
      const Expr& option = argument(expr, bound, 1);
      const bool unknown = option.kind == Expr::Kind::name && scope_.names.count(option.text) == 0 &&
                           e_.modules_.names.count(option.text) == 0 && !is_word(option.text);
      const Value value = unknown ? Value() : e_.evaluate(option, scope_);
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

  Elaborator& e_;
  const ast::Item& item_;
  Neuron neuron_;
  Scope scope_; // the parameters
  std::map<std::string, int> locals_;
  std::vector<Type> types_; // one a local
  struct Known {
    std::optional<double> number;
    std::optional<bool> truth;
  };
  std::vector<Known> known_; // constants, one a local
  size_t nodes_ = 0;
  int emits_ = 0;
  bool ok_ = true;
};

// Equal neurons with equal arguments are one; -1 after a mistake.
int Elaborator::neuron_index(const ast::Item& item, const std::vector<Value>& arguments) {
  used_neurons_.insert(&item);
  std::string key = std::to_string(item.range.file) + ":" + std::to_string(item.range.begin);
  for (const Value& value : arguments)
    key += "," + (value.is_number() ? text_of(value.number) : describe(value));
  const auto known = neuron_cache_.find(key);
  if (known != neuron_cache_.end())
    return known->second;
  std::optional<Neuron> neuron = NeuronBuilder(*this, item).build(arguments);
  int index = -1;
  if (neuron) {
    index = static_cast<int>(program_.neurons.size());
    program_.neurons.push_back(std::move(*neuron));
  }
  return neuron_cache_[key] = index;
}

} // namespace rvb::sema
