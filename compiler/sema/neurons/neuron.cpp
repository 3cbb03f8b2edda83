// From the definition of a neuron and its arguments to sema::Neuron: parameters become numbers, what is constant is
// computed here, and what remains is a list of assignments over numbered locals.
#include "sema/neurons/builder.h"
#include "support/text.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

namespace rvb::sema {

std::optional<Neuron> NeuronBuilder::build(const std::vector<Value>& arguments) {
  neuron_.name = item_.name.text;
  for (size_t i = 0; i < arguments.size(); ++i)
    names_.scope.names[item_.parameters[i].name.text] = arguments[i];
  if (names_.scope.names.count("input") != 0)
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

Term NeuronBuilder::fail(Code code, Range where, const std::string& message, const std::string& label) {
  ok_ = false;
  e_.report(code, where, message, label);
  return {};
}

int NeuronBuilder::add_local(const std::string& name, Type type) {
  const int index = static_cast<int>(neuron_.locals.size());
  neuron_.locals.push_back(name);
  types_.push_back(type);
  known_.emplace_back();
  names_.locals[name] = index;
  return index;
}

void NeuronBuilder::take(const ast::Statement& statement) {
  switch (statement.kind) {
  case ast::Statement::Kind::state: state(statement); return;
  case ast::Statement::Kind::trained: trained(statement); return;
  case ast::Statement::Kind::emit: emit(statement); return;
  case ast::Statement::Kind::assign: break;
  case ast::Statement::Kind::give:
    fail(Code::misplaced_statement, statement.range, "`return` in a neuron", "a neuron gives its output with `emit`");
    return;
  default:
    fail(Code::misplaced_statement, statement.range,
         statement.kind == ast::Statement::Kind::gradient ? "`gradient` in a neuron" : "`if` and `repeat` in a neuron",
         "only assignments, `state`, `trained` and `emit`; a choice is `u = fires ? 0 : u`");
    return;
  }
  assign(statement);
}

void NeuronBuilder::assign(const ast::Statement& statement) {
  const std::string& name = statement.name.text;
  const auto found = names_.locals.find(name);
  const bool is_new = found == names_.locals.end();
  if (!is_new && found->second > neuron_.states &&
      found->second <= neuron_.states + static_cast<int>(neuron_.trained.size())) {
    fail(Code::duplicate_definition, statement.name.range, ticked(name) + " is learned and cannot be assigned",
         "choose another name");
    return;
  }
  if (name == "input" || names_.scope.names.count(name) != 0) {
    fail(Code::duplicate_definition, statement.name.range,
         ticked(name) + (name == "input" ? " is what flows in" : " is a parameter") + " and cannot be assigned",
         "choose another name");
    return;
  }
  Term value = translate(*statement.value);
  const int local = is_new ? add_local(name, value.type) : found->second;
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

void NeuronBuilder::state(const ast::Statement& statement) {
  const std::string& name = statement.name.text;
  if (!neuron_.statements.empty() || emits_ > 0 || !neuron_.trained.empty()) {
    fail(Code::misplaced_statement, statement.range,
         neuron_.trained.empty() ? "a `state` after the first equation" : "a `state` after a `trained` number",
         "states stand at the top of the neuron");
    return;
  }
  if (names_.locals.count(name) != 0 || names_.scope.names.count(name) != 0) {
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
void NeuronBuilder::trained(const ast::Statement& statement) {
  const std::string& name = statement.name.text;
  static const char* const taken[] = {"weight", "bias", "alpha", "running_mean", "running_var"};
  if (!neuron_.statements.empty() || emits_ > 0) {
    fail(Code::misplaced_statement, statement.range, "a `trained` number after the first equation",
         "they stand at the top of the neuron, behind the states");
    return;
  }
  if (names_.locals.count(name) != 0 || names_.scope.names.count(name) != 0 ||
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
    const Value over = e_.evaluate(*statement.end, names_.scope);
    each_channel = over.is(Value::Kind::word) && over.text == "channel";
    if (!over.is_error() && !each_channel && !(over.is(Value::Kind::word) && over.text == "layer"))
      fail(Code::bad_value, statement.end->range, "a number is learned over `layer` or `channel`",
           "found " + describe(over));
    ok_ &= !over.is_error();
  }
  add_local(name, Type::number);
  neuron_.trained.push_back({name, value.expr.number, each_channel});
}

void NeuronBuilder::emit(const ast::Statement& statement) {
  if (++emits_ > 1) {
    fail(Code::bad_emit, statement.range, "the neuron " + ticked(neuron_.name) + " emits twice", "again here");
    return;
  }
  Term value = translate(*statement.value);
  if (value.ok() && value.type != Type::number)
    value = fail(Code::neuron_type, statement.value->range, "a neuron emits a number, found a truth value",
                 "such as `fires ? 1 : 0`");
  else if (value.constant())
    value =
        fail(Code::bad_emit, statement.value->range, "this neuron always emits the same number", "depends on nothing");
  neuron_.statements.push_back({sema::Statement::Kind::emit, 0, std::move(value.expr)});
}

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
