// Networks that are trained already: called like a block, their numbers from a file, only in what is minimised.
#include "sema/elaborate.h"
#include "support/text.h"

#include <algorithm>

namespace rvb::sema {

using ast::Expr;
using Kind = Value::Kind;

// What it reads is to be what it was trained on.
bool Elaborator::same_input(const ast::Item& network, const Value& given, const Expr& expr) {
  Scope declared;
  const Value shape = evaluate(*network.shape, declared), steps = evaluate(*network.input.steps, declared);
  if (shape.is_error() || steps.is_error())
    return false;
  if (!given.is(Kind::tensor)) {
    report(Code::wrong_type, expr.range, "a network reads a tensor, found " + describe(given));
    return false;
  }
  const layers::Tensor tensor = tensor_of(given);
  std::vector<Value> extents;
  for (const int64_t extent : tensor.shape)
    extents.push_back(Value::of_integer(extent));
  const bool fits = equal(shape, Value::of_list(extents)) && tensor.has_time && tensor.has_batch && !tensor.truth &&
                    steps.is(Kind::integer) && steps.integer == program_.input.steps;
  if (!fits)
    report(Code::bad_input, expr.range,
           "the network " + ticked(network.name.text) + " reads " + describe(shape) + " over " + describe(steps) +
               " steps, found " + text_of(tensor) + " over " + std::to_string(program_.input.steps),
           "another tensor than it was trained on");
  return fits;
}

Value Elaborator::call_teacher(const ast::Item& network, const Actuals& actuals, Scope& scope) {
  const Expr& expr = *actuals.call;
  const std::string& name = network.parameters[0].name.text;
  const Bound bound = bind("network " + ticked(network.name.text), {{name, true}}, actuals);
  if (!bound.ok || bound.values[0]->is_error() || !same_input(network, *bound.values[0], expr))
    return {};
  if (teacher_ >= 0 || cell_ >= 0) {
    report(Code::misplaced_statement, expr.callee.range,
           "a trained network inside of " + std::string(cell_ >= 0 ? "a cell" : "a trained network"),
           "call it in the network that learns");
    return {};
  }
  Scope inner;
  inner.path = layer_name(expr, network.name.text, scope) + ".";
  inner.names[name] = *bound.values[0];
  inner.first = *bound.values[0];
  const std::string& path = network.value->text;
  teacher_ = static_cast<int>(program_.teachers.size());
  program_.teachers.push_back({inner.path, path.substr(1, path.size() - 2), network.value->range});
  frames_.push_back({network.name.text, expr.callee.range});
  execute(network.body, inner);
  if (!inner.result && !stopped_ && !inner.unsure)
    report(Code::missing_return, network.name.range, "the network " + ticked(network.name.text) + " returns nothing",
           "no `return` was reached");
  frames_.pop_back();
  teacher_ = -1;
  if (!inner.result || inner.result->is_error())
    return {};
  return inner.result->is(Kind::tensor) ? operation("detach", {*inner.result}, expr.range, scope) : *inner.result;
}

// loss = … in the network: what training minimises the mean of.
void Elaborator::find_loss(const Scope& scope) {
  const auto found = scope.names.find("loss");
  if (found == scope.names.end() || found->second.is_error())
    return;
  const Value& value = found->second;
  if (!value.is(Kind::tensor) || tensor_of(value).truth) {
    report(Code::wrong_type, modules_.network->name.range,
           "the network's `loss` must be a tensor of numbers, found " +
               (value.is(Kind::tensor) ? "truth values" : describe(value)));
    return;
  }
  program_.loss = value.layer;
}

// Layers that need labels, other samples or a teacher may stand in what is minimised, not in what the network gives.
void Elaborator::check_for_loss(const Layer& layer) {
  const std::vector<std::string>* over = layer.arguments.has("over") ? &layer.arguments.words("over") : nullptr;
  const bool samples = over != nullptr && std::find(over->begin(), over->end(), "sample") != over->end();
  if (!samples && !layer.row->reads_labels && layer.teacher < 0)
    return;
  report(Code::misplaced_statement, layer.range,
         samples              ? "what the network returns depends on the other samples of a batch"
         : layer.teacher >= 0 ? "what the network returns depends on a trained network"
                              : "what the network returns depends on the labels",
         "only the network's `loss` may");
}

} // namespace rvb::sema
