#include "sema/elaborate.h"
#include "support/text.h"

#include <algorithm>

namespace rvb::sema {

// Params and lets of all files, in the order of imports; -D values take the place of defaults.
void Elaborator::evaluate_values(const std::map<std::string, Value>& defines) {
  for (const ast::Item* item : modules_.values) {
    const std::string& name = item->name.text;
    Definition& definition = modules_.names[name];
    Value value = evaluate(*item->value, globals_);
    if (value.is(Value::Kind::tensor))
      value = {};
    const auto define = defines.find(name);
    if (item->kind == ast::Item::Kind::param && define != defines.end()) {
      const Value& given = define->second;
      // A number may take the place of any number: `threshold = 0` says 0, not "whole numbers only". What must be whole
      // is found out, with its range, where it is used.
      const bool both_called = value.called() && given.called();
      const bool fits = value.kind == given.kind || value.is_error() || given.is_error() || both_called ||
                        (value.is_number() && given.is_number());
      if (!fits)
        report(Code::wrong_type, item->name.range,
               "-D gives " + ticked(name) + " " + describe(given) + ", and its default is " + describe(value),
               "declared here");
      value = fits ? given : Value();
    }
    if (item->choices && !value.is_error())
      value = one_of(value, *item);
    definition.value = value;
    definition.evaluated = true;
    if (item->kind == ast::Item::Kind::param && (value.is_number() || value.is(Value::Kind::boolean)))
      program_.constants.emplace_back(name, value.is_number() ? value.number : static_cast<double>(value.integer));
  }
}

// The value of a param with choices, or an error when it is none of them.
Value Elaborator::one_of(const Value& value, const ast::Item& item) {
  const Value choices = evaluate(*item.choices, globals_);
  if (choices.is_error())
    return {};
  if (!choices.is(Value::Kind::list)) {
    report(Code::wrong_type, item.choices->range, "the choices of a param must be a list, found " + describe(choices));
    return {};
  }
  std::vector<std::string> texts;
  std::string all;
  for (const Value& choice : *choices.list) {
    if (equal(choice, value))
      return value;
    texts.push_back(choice.is_number() ? text_of(choice.number) : choice.text);
    all += (all.empty() ? "" : ", ") + texts.back();
  }
  Diagnostic& diagnostic =
      report(Code::bad_value, item.name.range, ticked(item.name.text) + " cannot be " + describe(value),
             "must be one of its choices");
  const std::string near = value.text.empty() ? "" : diagnostics_.near(value.text, texts);
  if (!near.empty())
    diagnostic.help("did you mean " + ticked(near) + "?");
  diagnostic.note("the choices are: " + printable(all, 300));
  return {};
}

void Elaborator::execute(const ast::Body& body, Scope& scope) {
  for (size_t i = 0; i < body.statements.size() && !scope.result && !stopped_; ++i) {
    execute(body.statements[i], scope);
    if (body.statements[i].kind == ast::Statement::Kind::give && i + 1 < body.statements.size())
      report(Code::unreachable, body.statements[i + 1].range, "nothing behind `return` is reached", "left out")
          .label(body.statements[i].range, "the block or network ends here");
  }
}

void Elaborator::execute(const ast::Statement& statement, Scope& scope) {
  const Level level(depth_);
  if (depth_ > Limits::depth) {
    stop(Code::endless_recursion, statement.range, "blocks and statements are nested too deeply", "stopped here");
    return;
  }
  switch (statement.kind) {
  case ast::Statement::Kind::assign: scope.names[statement.name.text] = evaluate(*statement.value, scope); break;
  case ast::Statement::Kind::give: scope.result = evaluate(*statement.value, scope); break;
  case ast::Statement::Kind::repeat: repeat(statement, scope); break;
  case ast::Statement::Kind::branch:
    for (const ast::Arm& arm : statement.arms) {
      const std::optional<bool> taken =
          arm.condition ? truth(evaluate(*arm.condition, scope), arm.condition->range) : true;
      if (!taken) {
        scope.unsure = true;
        return;
      }
      if (*taken) {
        execute(arm.body, scope);
        return;
      }
    }
    break;
  case ast::Statement::Kind::trained: trained(statement, scope); break;
  case ast::Statement::Kind::gradient: gradient(statement, scope); break;
  case ast::Statement::Kind::state:
    if (scope.cell) {
      state(statement, scope);
      break;
    }
    [[fallthrough]];
  case ast::Statement::Kind::emit:
    scope.unsure = true;
    report(Code::misplaced_statement, statement.range,
           statement.kind == ast::Statement::Kind::emit ? "`emit` belongs into a neuron"
                                                        : "`state` belongs into a neuron",
           "not in a block or network")
        .help(statement.kind == ast::Statement::Kind::emit
                  ? "a block gives its result with `return`"
                  : "write a `neuron` or a `cell` for what keeps a state through time");
    break;
  }
}

// gradient x = g, in a function: the derivative of its result by x.
void Elaborator::gradient(const ast::Statement& statement, Scope& scope) {
  const std::string& name = statement.name.text;
  if (scope.function == nullptr) {
    report(Code::misplaced_statement, statement.range, "`gradient` belongs into a function",
           "not in a block or network");
    return;
  }
  const std::vector<ast::Parameter>& parameters = scope.function->parameters;
  if (std::none_of(parameters.begin(), parameters.end(), [&](const auto& each) { return each.name.text == name; })) {
    report(Code::unknown_name, statement.name.range,
           ticked(name) + " is no parameter of the function " + ticked(scope.function->name.text),
           "the gradient by a parameter");
    return;
  }
  for (const auto& [other, value] : scope.gradients)
    if (other == name) {
      report(Code::duplicate_definition, statement.name.range, "the gradient by " + ticked(name) + " is given twice",
             "again here");
      return;
    }
  scope.gradients.emplace_back(name, evaluate(*statement.value, scope));
}

void Elaborator::repeat(const ast::Statement& statement, Scope& scope) {
  const Value first = evaluate(*statement.value, scope), end = evaluate(*statement.end, scope);
  if (!first.is(Value::Kind::integer) || !end.is(Value::Kind::integer)) {
    const bool bad_first = !first.is(Value::Kind::integer);
    const Value& bad = bad_first ? first : end;
    if (!bad.is_error())
      report(Code::wrong_type, (bad_first ? statement.value : statement.end)->range,
             "the bounds of `repeat` must be integers, found " + describe(bad));
    scope.unsure = true;
    return;
  }
  int64_t count = 0;
  if (__builtin_sub_overflow(end.integer, first.integer, &count) || count > Limits::iterations) {
    report(Code::too_much_work, {statement.value->range.file, statement.value->range.begin, statement.end->range.end},
           "a `repeat` of more than " + std::to_string(Limits::iterations) + " rounds", "unrolled here");
    scope.unsure = true;
    return;
  }
  const std::string& name = statement.name.text;
  std::optional<Value> hidden;
  if (const auto found = scope.names.find(name); found != scope.names.end())
    hidden = found->second;
  for (int64_t i = first.integer; i < end.integer && !scope.result && !stopped_; ++i) {
    if (++steps_ > Limits::steps) {
      evaluate(*statement.value, scope); // reports the limit
      return;
    }
    scope.names[name] = Value::of_integer(i);
    scope.repeats.push_back(i);
    execute(statement.body, scope);
    scope.repeats.pop_back();
  }
  if (hidden)
    scope.names[name] = *hidden;
  else
    scope.names.erase(name);
}

} // namespace rvb::sema
