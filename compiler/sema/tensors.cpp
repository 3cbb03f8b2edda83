// Elementwise operations on tensors, axes by their names, and what blocks learn.
#include "layers/axes.h"
#include "layers/broadcast.h"
#include "ops/ops.h"
#include "sema/elaborate.h"
#include "support/text.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace rvb::sema {

using ast::Expr;
using Kind = Value::Kind;

namespace {

// Whether operand i of the operator is a truth value.
bool reads_truth(ir::Opcode opcode, size_t i) {
  return ops::meaning(opcode).form == ops::Form::logic || (opcode == ir::Opcode::select && i == 0);
}

} // namespace

// One operation of the IR's elementwise operators, at least one of its operands a tensor.
Value Elaborator::operation(const std::string& name, const std::vector<Value>& operands, Range range, Scope& scope,
                            const Surrogate& surrogate) {
  const ir::Opcode opcode = ir::find_operator(name)->opcode;
  Layer layer;
  layer.row = &layers::rows::operation;
  layer.range = range;
  layer.label = scope.path + name;
  layer.expression.kind = layers::Expression::Kind::operation;
  layer.expression.operation = name;
  layer.expression.surrogate = surrogate.name;
  layer.expression.width = surrogate.width;
  for (size_t i = 0; i < operands.size(); ++i) {
    const Value& value = operands[i];
    if (value.is_error())
      return {};
    const bool truth = reads_truth(opcode, i);
    const bool fits = value.is(Kind::tensor) ? tensor_of(value).truth == truth : value.is_number() && !truth;
    if (!fits) {
      const bool tensor = value.is(Kind::tensor);
      Diagnostic& diagnostic = report(Code::wrong_type, range,
                                      std::string(truth ? "truth values are needed here" : "numbers are needed here") +
                                          ", found " + (tensor ? truth ? "numbers" : "truth values" : describe(value)));
      if (tensor)
        diagnostic.help(truth ? "compare them: `x > 0`" : "a condition becomes numbers with `? 1 : 0`");
      return {};
    }
    layers::Expression operand;
    if (value.is(Kind::tensor)) {
      operand.kind = layers::Expression::Kind::local;
      operand.local = static_cast<int>(layer.inputs.size());
      layer.inputs.push_back(value.layer);
    } else {
      operand.number = value.number;
      if (std::fabs(value.number) > std::numeric_limits<float>::max()) {
        report(Code::bad_value, range, "this number is too large for single precision", "the largest is about 3.4e38");
        return {};
      }
    }
    layer.expression.operands.push_back(std::move(operand));
  }
  return finish(std::move(layer), range);
}

Value Elaborator::tensor_binary(const Expr& expr, const Value& a, const Value& b, Scope& scope) {
  const char* name = operator_of(expr.text);
  for (const Value* value : {&a, &b})
    if (name == nullptr || !(value->is(Kind::tensor) || value->is_number())) {
      report(Code::wrong_type, expr.range, ticked(expr.text) + " cannot join " + type_name(a) + " and " + type_name(b))
          .label(expr.operands[0]->range, type_name(a))
          .label(expr.operands[1]->range, type_name(b));
      return {};
    }
  // A join of a network; it knows what to say of shapes that do not fit.
  if (expr.text == "+" && a.is(Kind::tensor) && b.is(Kind::tensor)) {
    const layers::Tensor left = tensor_of(a), right = tensor_of(b);
    const bool join = left == right && !left.truth && left.has_batch;
    if (join || !layers::common({left, right}))
      return add_tensors(a.layer, b.layer, expr.range, scope);
  }
  return operation(name, {a, b}, expr.range, scope);
}

Value Elaborator::tensor_function(const FunctionInfo& function, const Bound& bound, const Expr& expr, Scope& scope) {
  std::vector<Value> operands;
  Surrogate surrogate{"", 1};
  if (function.name != "step") {
    for (const std::optional<Value>& value : bound.values)
      operands.push_back(*value);
    return operation(function.name, operands, expr.range, scope);
  }
  surrogate.name = "rectangle";
  if (bound.values[1]) {
    surrogate.name = bound.values[1]->text;
    if (!bound.values[1]->is(Kind::word) || !is_surrogate(surrogate.name)) {
      report(Code::bad_value, bound.ranges[1], "`surrogate` must be rectangle, triangle, arctangent or sigmoid",
             "not a surrogate gradient");
      return {};
    }
  }
  if (bound.values[2]) {
    surrogate.width = bound.values[2]->number;
    if (!bound.values[2]->is_number() || !(surrogate.width >= 1e-6 && surrogate.width <= 1e6)) {
      report(Code::bad_value, bound.ranges[2], "`width` must be a number from 1e-6 to 1e6",
             "the width of the surrogate gradient");
      return {};
    }
  }
  return operation("step", {*bound.values[0]}, expr.range, scope, surrogate);
}

// The result as it is, its gradient by the parameters as the function says: detach(f) + detach(g) * (x - detach(x)),
// where the last factor is 0 and its derivative 1.
Value Elaborator::with_gradients(const Value& result, Range range, Scope& scope) {
  if (result.is_error())
    return {};
  const auto detached = [&](const Value& value) {
    return value.is(Kind::tensor) ? operation("detach", {value}, range, scope) : value;
  };
  Value all = detached(result);
  for (const auto& [name, slope] : scope.gradients) {
    const Value& x = scope.names.at(name);
    if (!x.is(Kind::tensor))
      continue; // a number: nobody asks for its gradient
    const Value zero = operation("sub", {x, detached(x)}, range, scope);
    all = operation("add", {all, operation("mul", {detached(slope), zero}, range, scope)}, range, scope);
  }
  return all;
}

// Names of axes, which they are whatever else they may mean.
Value Elaborator::axes(const Expr& expr, Scope& scope) {
  const std::vector<std::string>& words = layers::axis_words();
  const auto word = [&](const Expr& e) {
    return e.kind == Expr::Kind::name && std::find(words.begin(), words.end(), e.text) != words.end();
  };
  const auto known = [&](const Expr& e) {
    return scope.names.count(e.text) != 0 || modules_.names.count(e.text) != 0 || is_word(e.text);
  };
  if (word(expr))
    return Value::of_word(expr.text);
  if (expr.kind == Expr::Kind::name && !known(expr)) {
    const std::string near = diagnostics_.near(expr.text, words);
    report(Code::unknown_name, expr.range, "no axis is called " + ticked(expr.text), "not found")
        .help(near.empty()
                  ? "the axes are time, sample, channel, all, space, token, height, width, head, output and input"
                  : "did you mean " + ticked(near) + "?");
    return {};
  }
  if (expr.kind != Expr::Kind::list)
    return evaluate(expr, scope);
  std::vector<Value> elements;
  for (const ast::ExprPtr& each : expr.operands) {
    elements.push_back(word(*each) ? Value::of_word(each->text) : evaluate(*each, scope));
    if (elements.back().is_error())
      return {};
  }
  return Value::of_list(std::move(elements));
}

// trained a = 0.5 over channel: one a channel of the block's first tensor; over [3, 3]: of that shape.
void Elaborator::trained(const ast::Statement& statement, Scope& scope) {
  const std::string& name = statement.name.text;
  scope.names[name] = {};
  const Value initial = evaluate(*statement.value, scope);
  if (initial.is_error())
    return;
  if (!initial.is_number() || std::fabs(initial.number) > std::numeric_limits<float>::max()) {
    report(Code::wrong_type, statement.value->range, "a learned number begins as a number, found " + describe(initial));
    return;
  }
  if (scope.function != nullptr) {
    report(Code::misplaced_statement, statement.range, "a function learns nothing", "`trained` belongs into a block")
        .help("give it to the function as an argument");
    return;
  }
  Layer layer;
  layer.row = &layers::rows::trained;
  layer.range = statement.range;
  layer.has_time = layer.has_batch = false;
  layer.expression.number = initial.number;
  if (statement.end && !trained_shape(*statement.end, layer, scope))
    return;
  Expr named; // its name is the parameter's: unique among the layers of the block
  named.callee = statement.name;
  named.instance = statement.name;
  layer.path = layer.label = layer_name(named, name, scope);
  scope.names[name] = finish(std::move(layer), statement.name.range);
}

bool Elaborator::trained_shape(const Expr& over, Layer& layer, Scope& scope) {
  const Value value = axes(over, scope);
  if (value.is_error())
    return false;
  const std::vector<Value> parts = value.is(Kind::list) ? *value.list : std::vector<Value>{value};
  const bool sizes = !parts.empty() && std::all_of(parts.begin(), parts.end(), [](const Value& each) {
    return each.is(Kind::integer) && each.integer >= 1 && each.integer <= Limits::extent;
  });
  if (sizes && parts.size() <= Limits::dimensions) {
    for (const Value& part : parts)
      layer.shape.push_back(part.integer);
    return true;
  }
  std::vector<std::string> words;
  for (const Value& part : parts)
    if (part.is(Kind::word))
      words.push_back(part.text);
  if (words.size() != parts.size() || words.empty()) {
    report(Code::bad_value, over.range, "what is learned has the axes `channel`, `space` or `time`, or sizes [2, 3]",
           "found " + describe(value));
    return false;
  }
  if (words == std::vector<std::string>{"layer"})
    return true;
  layers::Tensor of{{}, true, true, false};
  if (scope.first)
    of = tensor_of(*scope.first);
  layers::Fault fault;
  const std::optional<std::vector<layers::Axis>> axes = layers::axes_of(of, words, fault);
  if (!axes) {
    fault.shows_inputs = fault.shows_way = fault.at_name = false;
    layer.range = over.range;
    fault.note = scope.first ? "the axes are those of the block's first tensor" : "the block has no tensor";
    refuse(fault, layer, over.range);
    return false;
  }
  for (const layers::Axis& axis : *axes)
    if (axis.kind == layers::Axis::Kind::time)
      layer.has_time = true;
    else if (axis.kind == layers::Axis::Kind::place) {
      layer.shape.resize(std::max(layer.shape.size(), axis.place + 1), 1);
      layer.shape[axis.place] = of.shape[axis.place];
    }
  return true;
}

} // namespace rvb::sema
