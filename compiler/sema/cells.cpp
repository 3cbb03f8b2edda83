// Cells: blocks that run once a time step and keep states.
#include "layers/broadcast.h"
#include "sema/elaborate.h"
#include "support/text.h"

#include <cmath>
#include <limits>

namespace rvb::sema {

using ast::Expr;
using Kind = Value::Kind;

// Tensors with time steps come in step by step; those without are the same at every step.
bool Elaborator::enter_cell(const ast::Item& item, const Expr& expr, Scope& inner) {
  bool any = false;
  for (const ast::Parameter& parameter : item.parameters) {
    Value& value = inner.names[parameter.name.text];
    if (!value.is(Kind::tensor) || !tensor_of(value).has_time)
      continue;
    if (tensor_of(value).truth || !tensor_of(value).has_batch) {
      report(Code::wrong_type, expr.range,
             "a cell reads tensors of samples, and " + ticked(parameter.name.text) +
                 (tensor_of(value).truth ? " is truth values" : " is what is learned"));
      return false;
    }
    Layer layer;
    layer.row = &layers::rows::cell_input;
    layer.range = expr.range;
    layer.label = inner.path + parameter.name.text;
    layer.inputs = {value.layer};
    value = finish(std::move(layer), expr.callee.range);
    if (value.is_error())
      return false;
    if (!any)
      inner.first = value;
    any = true;
  }
  if (any)
    return true;
  report(Code::no_time, expr.callee.range, "a cell goes through time, and no tensor that it is given has time steps")
      .help("give it a tensor with time steps: `x |> " + item.name.text + "`");
  return false;
}

Value Elaborator::call_cell(const ast::Item& item, const Expr& expr, Scope& inner) {
  if (cell_ >= 0) {
    report(Code::misplaced_statement, expr.callee.range, "a cell inside of a cell",
           "a step has no time steps of its own");
    return {};
  }
  cell_ = program_.cells++;
  inner.cell = true;
  Value result;
  if (enter_cell(item, expr, inner)) {
    execute(item.body, inner);
    if (!inner.result && !stopped_ && !inner.unsure)
      report(Code::missing_return, item.name.range, "the cell " + ticked(item.name.text) + " returns nothing",
             "no `return` was reached");
    if (inner.result)
      result = *inner.result;
  }
  cell_ = -1;
  if (result.is_error() || stopped_)
    return {};
  Layer layer;
  layer.row = &layers::rows::cell;
  layer.range = expr.range;
  layer.path = layer.label = inner.path.substr(0, inner.path.size() - 1);
  std::vector<std::pair<std::string, Value>> all = {{"", result}};
  for (const auto& [name, state] : inner.states) {
    all.emplace_back(name, state);
    all.emplace_back(name, inner.names.at(name));
  }
  for (const auto& [name, value] : all) {
    if (value.is_error())
      return {};
    if (!value.is(Kind::tensor) || (name.empty() && tensor_of(value).truth)) {
      report(Code::wrong_type, expr.callee.range,
             name.empty()
                 ? "a cell returns a tensor, found " + (value.is(Kind::tensor) ? "truth values" : describe(value))
                 : "the state " + ticked(name) + " becomes " + describe(value) + ", and is a tensor",
             "in this cell");
      return {};
    }
    layer.inputs.push_back(value.layer);
  }
  return finish(std::move(layer), expr.callee.range);
}

// state u = 0 over [units]: by default as large as the first tensor of the cell.
void Elaborator::state(const ast::Statement& statement, Scope& scope) {
  const std::string& name = statement.name.text;
  if (scope.names.count(name) != 0) {
    report(Code::duplicate_definition, statement.name.range, ticked(name) + " is defined twice", "again here");
    return;
  }
  scope.names[name] = {};
  const Value initial = evaluate(*statement.value, scope);
  if (initial.is_error() || !scope.first)
    return;
  const bool learned = initial.is(Kind::tensor) && !tensor_of(initial).has_time && !tensor_of(initial).truth &&
                       program_.layers[static_cast<size_t>(initial.layer)].row == &layers::rows::trained;
  if (!learned && (!initial.is_number() || std::fabs(initial.number) > std::numeric_limits<float>::max())) {
    report(Code::bad_value, statement.value->range,
           "a state must begin with a constant number, or one that is `trained`", "found " + describe(initial));
    return;
  }
  Layer layer;
  if (learned)
    layer.inputs = {initial.layer};
  layer.row = &layers::rows::cell_state;
  layer.range = statement.range;
  layer.has_time = false;
  layer.label = scope.path + name;
  layer.expression.number = initial.number;
  if (!statement.end)
    layer.shape = tensor_of(*scope.first).shape;
  else if (!trained_shape(*statement.end, layer, scope))
    return;
  if (learned) {
    const std::optional<layers::Tensor> both = layers::common({layer.tensor(), tensor_of(initial)});
    if (!both || both->shape != layer.shape) {
      report(Code::shapes_differ, statement.value->range,
             "a state of " + text_of(layer.shape) + " cannot begin as " + text_of(tensor_of(initial).shape),
             "shapes differ");
      return;
    }
  }
  const Value value = finish(std::move(layer), statement.name.range);
  scope.names[name] = value;
  if (!value.is_error())
    scope.states.emplace_back(name, value);
}

} // namespace rvb::sema
