// Calls of a program's functions in a neuron: their bodies in place of the call, under names of their own.
#include "sema/neurons/builder.h"
#include "support/text.h"

namespace rvb::sema {

// A local of the neuron that holds the term; constants stay constants.
int NeuronBuilder::keep(const std::string& name, Term term) {
  const int index = add_local(name, term.type);
  Known& known = known_[static_cast<size_t>(index)];
  known.truth = term.truth;
  known.number = term.constant() ? std::optional<double>(term.expr.number) : std::nullopt;
  if (!known.truth && !known.number)
    neuron_.statements.push_back({sema::Statement::Kind::assign, index, std::move(term.expr)});
  return index;
}

Term NeuronBuilder::local(int index) const {
  const Known& known = known_[static_cast<size_t>(index)];
  if (known.number)
    return number(*known.number);
  if (known.truth)
    return truth(*known.truth);
  Term term;
  term.type = types_[static_cast<size_t>(index)];
  term.expr.kind = Expression::Kind::local;
  term.expr.local = index;
  return term;
}

// The parameters as locals, in `inside`; arguments are read with the caller's names, defaults with the function's.
bool NeuronBuilder::enter(const ast::Item& item, const ast::Expr& expr, Names& inside) {
  std::vector<Slot> slots;
  for (const ast::Parameter& parameter : item.parameters)
    slots.push_back({parameter.name.text, parameter.value == nullptr});
  Actuals actuals{&expr, nullptr, {}, {}};
  for (size_t i = 0; i < expr.arguments.size(); ++i)
    actuals.values.push_back(Value::of_integer(static_cast<int64_t>(i)));
  const Bound bound = e_.bind("function " + ticked(item.name.text), slots, actuals);
  if (!bound.ok || !e_.no_instance(expr))
    return false;
  std::vector<Term> given;
  for (size_t i = 0; i < slots.size(); ++i)
    given.push_back(bound.values[i] ? translate(argument(expr, bound, i)) : Term());
  std::swap(names_, inside);
  bool ok = true;
  for (size_t i = 0; i < slots.size() && ok; ++i) {
    if (!bound.values[i])
      given[i] = translate(*item.parameters[i].value);
    ok = given[i].ok();
    if (ok)
      keep(slots[i].name, std::move(given[i]));
  }
  std::swap(names_, inside);
  return ok;
}

Term NeuronBuilder::call_function(const ast::Item& item, const ast::Expr& expr) {
  const Level level(e_.depth_);
  if (e_.depth_ > Limits::calls) {
    ok_ = false;
    e_.stop(Code::endless_recursion, expr.callee.range, "functions call each other too deeply", "stopped here");
    return {};
  }
  Names inside;
  if (!enter(item, expr, inside)) {
    ok_ = false;
    return {};
  }
  e_.frames_.push_back({item.name.text, expr.callee.range});
  std::swap(names_, inside);
  std::optional<Term> result = run(item);
  if (result && result->ok() && !names_.gradients.empty())
    result = with_gradients(std::move(*result), item, expr.range);
  std::swap(names_, inside);
  e_.frames_.pop_back();
  ok_ &= result.has_value() && result->ok();
  return result ? std::move(*result) : Term();
}

// The body up to its `return`.
std::optional<Term> NeuronBuilder::run(const ast::Item& item) {
  for (const ast::Statement& statement : item.body.statements) {
    switch (statement.kind) {
    case ast::Statement::Kind::assign: assign(statement); break;
    case ast::Statement::Kind::give: return translate(*statement.value);
    case ast::Statement::Kind::gradient: {
      if (names_.locals.count(statement.name.text) == 0)
        return fail(Code::unknown_name, statement.name.range,
                    ticked(statement.name.text) + " is no parameter of the function " + ticked(item.name.text),
                    "the gradient by a parameter");
      names_.gradients.emplace_back(statement.name.text, translate(*statement.value));
      break;
    }
    default:
      return fail(Code::misplaced_statement, statement.range, "this statement has no meaning in a neuron's function",
                  "only assignments, `gradient` and `return`");
    }
    if (!ok_)
      return std::nullopt;
  }
  return fail(Code::missing_return, item.name.range, "the function " + ticked(item.name.text) + " returns nothing",
              "no `return` was reached");
}

// As Elaborator::with_gradients.
Term NeuronBuilder::with_gradients(Term result, const ast::Item& item, Range range) {
  const auto apply = [&](const char* name, std::vector<Term> operands) {
    for (const Term& operand : operands)
      if (!operand.ok() || operand.type != Type::number)
        return fail(Code::neuron_type, range, "a gradient must be a number",
                    "of the function " + ticked(item.name.text));
    return operation(name, Type::number, std::move(operands), range);
  };
  const auto one = [](Term term) {
    std::vector<Term> terms;
    terms.push_back(std::move(term));
    return terms;
  };
  const auto two = [](Term a, Term b) {
    std::vector<Term> terms;
    terms.push_back(std::move(a));
    terms.push_back(std::move(b));
    return terms;
  };
  Term all = result.constant() ? std::move(result) : apply("detach", one(std::move(result)));
  for (auto& [name, slope] : names_.gradients) {
    const int x = names_.locals.at(name);
    if (known_[static_cast<size_t>(x)].number)
      continue;
    Term zero = apply("sub", two(local(x), apply("detach", one(local(x)))));
    Term still = slope.constant() ? std::move(slope) : apply("detach", one(std::move(slope)));
    all = apply("add", two(std::move(all), apply("mul", two(std::move(still), std::move(zero)))));
  }
  return all;
}

} // namespace rvb::sema
