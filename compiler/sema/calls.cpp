#include "sema/elaborate.h"
#include "sema/elsewhere.h"
#include "sema/neurons/growth.h"
#include "sema/neurons/term.h"
#include "support/text.h"

#include <algorithm>
#include <cmath>

namespace rvb::sema {

using ast::Expr;
using Kind = Value::Kind;

namespace {

// dropout(each = step), conv1d(padding = same): one of the words that this slot of the layer takes, whatever else it
// may mean.
bool word_of(const std::string& layer, const ast::Argument& argument) {
  const layers::Row* row = layers::find(layer);
  if (row == nullptr || (argument.name.text != "each" && argument.name.text != "padding") ||
      argument.value->kind != Expr::Kind::name)
    return false;
  for (const layers::Slot& slot : row->slots)
    if (slot.name == argument.name.text)
      return std::find(slot.words.begin(), slot.words.end(), argument.value->text) != slot.words.end();
  return false;
}

} // namespace

Value Elaborator::call(const Expr& expr, const Value* flow, Range flow_range, Scope& scope) {
  if (stopped_)
    return {};
  const std::string& name = expr.callee.text;
  if ((name == "binary" || name == "ternary" || name == "real") && flow == nullptr)
    return call_weights(expr, scope);
  const FunctionInfo* function = find_function(function_table(), name);
  if (function == nullptr)
    function = find_function(neuron_function_table(), name);
  if (scope.names.count(name) == 0 && modules_.names.count(name) == 0 && layers::find(name) == nullptr &&
      function == nullptr)
    return unknown_callee(expr, scope); // its arguments may mean something to what was meant
  const bool built_in = function != nullptr || layers::find(name) != nullptr;
  Actuals actuals{&expr, flow, flow_range, {}};
  bool over = false; // of two numbers, or over an axis?
  for (const ast::Argument& argument : expr.arguments) {
    const bool names_axes = argument.name.text == "over";
    over |= names_axes;
    actuals.values.push_back(names_axes                ? axes(*argument.value, scope)
                             : word_of(name, argument) ? Value::of_word(argument.value->text)
                                                       : evaluate(*argument.value, scope));
  }
  if (stopped_)
    return {};

  const auto local = scope.names.find(name);
  const auto global = modules_.names.find(name);
  if ((local != scope.names.end() || global != modules_.names.end()) && !(built_in && only_a_value(name, scope))) {
    if (local == scope.names.end() && global->second.item->kind == ast::Item::Kind::network)
      return call_teacher(*global->second.item, actuals, scope);
    const Value callee = lookup(name, expr.callee.range, scope);
    if (callee.is(Kind::block))
      return call_block(*callee.neuron, actuals, scope);
    if (callee.is(Kind::neuron))
      return call_neuron(callee, actuals, scope);
    if (!callee.is_error())
      report(Code::wrong_type, expr.callee.range, ticked(name) + " is " + type_name(callee) + " and cannot be called",
             "not a layer, block or neuron");
    return {};
  }
  if (const layers::Row* layer = layers::find(name); layer != nullptr && (function == nullptr || over)) {
    std::vector<Slot> slots;
    for (const layers::Slot& slot : layer->slots)
      slots.push_back({slot.name, slot.required});
    const Bound bound = bind("layer " + ticked(name), slots, actuals);
    return bound.ok ? call_layer(*layer, expr, bound, scope) : Value();
  }
  const Bound bound = bind("function " + ticked(name), function->slots, actuals);
  if (!bound.ok || !no_instance(expr))
    return {};
  for (size_t i = 0; i < function->slots.size(); ++i)
    if (bound.values[i] && bound.values[i]->is_error())
      return {};
  const bool of_tensors = std::any_of(bound.values.begin(), bound.values.end(), [](const std::optional<Value>& value) {
    return value && value->is(Kind::tensor);
  });
  if (of_tensors && find_function(neuron_function_table(), name) != nullptr)
    return tensor_function(*find_function(neuron_function_table(), name), bound, expr, scope);
  return find_function(function_table(), name) != nullptr ? call_function(*function, bound, expr)
                                                          : call_on_numbers(*function, bound, expr);
}

// A function of the neurons on numbers.
Value Elaborator::call_on_numbers(const FunctionInfo& function, const Bound& bound, const Expr& expr) {
  std::vector<Term> operands;
  for (size_t i = 0; i < (function.name == "step" ? 1 : function.slots.size()); ++i) {
    if (!bound.values[i]->is_number()) {
      report(Code::wrong_type, expr.range,
             ticked(function.name) + " needs numbers, found " + describe(*bound.values[i]));
      return {};
    }
    operands.push_back(number(bound.values[i]->number));
  }
  const double result = fold(function.name, operands);
  if (std::isfinite(result))
    return Value::of_real(result);
  report(Code::arithmetic, expr.range, "the result is not a finite number");
  return {};
}

// Whether `name` is defined and cannot be called: a layer may have the same name.
bool Elaborator::only_a_value(const std::string& name, const Scope& scope) const {
  if (const auto local = scope.names.find(name); local != scope.names.end())
    return !local->second.called();
  const Definition& definition = modules_.names.at(name);
  const bool value = definition.item->kind == ast::Item::Kind::param || definition.item->kind == ast::Item::Kind::let;
  return value && definition.evaluated && !definition.value.called();
}

Value Elaborator::unknown_callee(const Expr& expr, const Scope& scope) {
  const std::string& name = expr.callee.text;
  if (scope.unsure)
    return {};
  Diagnostic& diagnostic =
      report(Code::unknown_name, expr.callee.range, "no layer, block or neuron is called " + ticked(name), "not found");
  std::vector<std::string> names = visible_names(scope);
  names.insert(names.end(), {"binary", "ternary"});
  const std::string near = diagnostics_.near(name, names);
  diagnostic.help(advice(name, near, elsewhere_called(name)));
  return {};
}

bool Elaborator::no_instance(const Expr& expr) {
  if (expr.instance.empty())
    return true;
  report(Code::misplaced_statement, expr.instance.range, "`as` names a layer, and this makes none",
         "no layer to be named");
  return false;
}

// Sorts arguments to slots: positional ones first, in order, then by name.
Bound Elaborator::bind(const std::string& what, const std::vector<Slot>& slots, const Actuals& actuals) {
  Bound bound;
  bound.values.resize(slots.size());
  bound.ranges.resize(slots.size());
  const Expr& call = *actuals.call;
  size_t next = 0;
  const auto put = [&](size_t slot, const Value& value, Range range) {
    if (bound.values[slot]) {
      bound.ok = false;
      report(Code::repeated_argument, range, ticked(slots[slot].name) + " of " + what + " is given twice", "again here")
          .label(bound.ranges[slot], "first given here");
      return;
    }
    bound.values[slot] = value;
    bound.ranges[slot] = range;
  };
  if (actuals.flow != nullptr && slots.empty()) {
    bound.ok = false;
    report(Code::too_many_arguments, call.callee.range, what + " takes nothing, and the pipeline brings a value");
  } else if (actuals.flow != nullptr) {
    put(next++, *actuals.flow, actuals.flow_range);
  }
  for (size_t i = 0; i < call.arguments.size(); ++i) {
    const ast::Argument& argument = call.arguments[i];
    if (argument.name.empty()) {
      if (next < slots.size()) {
        put(next++, actuals.values[i], argument.value->range);
        continue;
      }
      bound.ok = false;
      report(Code::too_many_arguments, argument.value->range,
             what + " takes at most " + std::to_string(slots.size()) + " arguments", "one too many")
          .note(actuals.flow != nullptr ? "what flows in through `|>` is the first one" : "");
      break;
    }
    const auto slot =
        std::find_if(slots.begin(), slots.end(), [&](const Slot& each) { return each.name == argument.name.text; });
    if (slot != slots.end()) {
      put(static_cast<size_t>(slot - slots.begin()), actuals.values[i], argument.name.range);
      continue;
    }
    bound.ok = false;
    std::vector<std::string> names;
    for (const Slot& each : slots)
      names.push_back(each.name);
    Diagnostic& diagnostic = report(Code::unknown_argument, argument.name.range,
                                    what + " has no parameter " + ticked(argument.name.text), "unknown name");
    diagnostic.help(advice(argument.name.text, diagnostics_.near(argument.name.text, names),
                           elsewhere_argument(argument.name.text)));
    std::string all;
    for (size_t j = 0; j < names.size() && j < 20; ++j)
      all += (j == 0 ? "" : ", ") + names[j];
    diagnostic.note(all.empty() ? "it takes no arguments" : "its parameters are: " + all);
  }
  if (!bound.ok)
    return bound;
  for (size_t i = 0; i < slots.size(); ++i)
    if (slots[i].required && !bound.values[i]) {
      bound.ok = false;
      report(Code::missing_argument, call.callee.range, what + " needs " + ticked(slots[i].name),
             ticked(slots[i].name) + " is missing");
      break;
    }
  return bound;
}

Value Elaborator::call_function(const FunctionInfo& function, const Bound& bound, const Expr& expr) {
  const std::string& name = function.name;
  for (const std::optional<Value>& value : bound.values)
    if (!value || value->is_error())
      return {};
  const Value& a = *bound.values[0];
  if (name == "shape") {
    if (!a.is(Kind::tensor)) {
      report(Code::wrong_type, expr.range, "`shape` needs a tensor, found " + describe(a));
      return {};
    }
    std::vector<Value> extents;
    for (const int64_t extent : program_.layers[static_cast<size_t>(a.layer)].shape)
      extents.push_back(Value::of_integer(extent));
    return Value::of_list(std::move(extents));
  }
  if (name == "length") {
    if (!a.is(Kind::list)) {
      report(Code::wrong_type, expr.range, "`length` needs a list, found " + describe(a));
      return {};
    }
    return Value::of_integer(static_cast<int64_t>(a.list->size()));
  }
  for (const std::optional<Value>& value : bound.values)
    if (!value->is_number()) {
      report(Code::wrong_type, expr.range, ticked(name) + " needs numbers, found " + describe(*value));
      return {};
    }
  if (name == "min" || name == "max") {
    const Value& b = *bound.values[1];
    return (name == "min" ? b.number < a.number : b.number > a.number) ? b : a;
  }
  if (name == "abs")
    return a.number >= 0 ? a : binary_numbers("-", Value::of_integer(0), a, expr.range);
  double result = 0;
  if (name == "floor") {
    if (a.is(Kind::integer))
      return a;
    result = std::floor(a.number);
    if (std::abs(result) < 9e15)
      return Value::of_integer(static_cast<int64_t>(result));
  } else if (name == "exp") {
    result = std::exp(a.number);
  } else if (name == "log") {
    result = std::log(a.number);
  } else {
    result = std::sqrt(a.number);
  }
  if (!std::isfinite(result)) {
    report(Code::arithmetic, expr.range, ticked(name) + " of " + describe(a) + " is not a finite number");
    return {};
  }
  return Value::of_real(result);
}

Value Elaborator::call_block(const ast::Item& item, const Actuals& actuals, Scope& scope) {
  const Expr& expr = *actuals.call;
  std::vector<Slot> slots;
  for (const ast::Parameter& parameter : item.parameters)
    slots.push_back({parameter.name.text, parameter.value == nullptr});
  const bool function = item.kind == ast::Item::Kind::function, cell = item.kind == ast::Item::Kind::cell;
  const Bound bound = bind((function ? "function "
                            : cell   ? "cell "
                                     : "block ") +
                               ticked(item.name.text),
                           slots, actuals);
  Scope inner;
  if (function)
    inner.function = &item;
  inner.path = layer_name(expr, item.name.text, scope) + ".";
  if (!bound.ok || stopped_)
    return {};
  if (frames_.size() >= static_cast<size_t>(Limits::calls)) {
    stop(Code::endless_recursion, expr.callee.range,
         "blocks and functions call each other more than " + std::to_string(Limits::calls) + " deep", "stopped here");
    return {};
  }
  for (size_t i = 0; i < slots.size(); ++i) {
    Value value = bound.values[i] ? *bound.values[i] : evaluate(*item.parameters[i].value, inner);
    if (value.is_error())
      return {};
    if (!inner.first && value.is(Kind::tensor))
      inner.first = value;
    inner.names[slots[i].name] = std::move(value);
  }
  frames_.push_back({item.name.text, expr.callee.range});
  if (cell) {
    Value result = call_cell(item, expr, inner);
    frames_.pop_back();
    return result;
  }
  execute(item.body, inner);
  if (!inner.result && !stopped_ && !inner.unsure)
    report(Code::missing_return, item.name.range,
           (function ? "the function " : "the block ") + ticked(item.name.text) + " returns nothing",
           "no `return` was reached");
  Value result = inner.result ? *inner.result : Value();
  if (!inner.gradients.empty())
    result = with_gradients(result, expr.range, inner);
  frames_.pop_back();
  return result;
}

Value Elaborator::call_neuron(const Value& neuron, const Actuals& actuals, Scope& scope) {
  const ast::Item& item = *neuron.neuron;
  const Expr& expr = *actuals.call;
  const bool first_is_tensor = !expr.arguments.empty() && expr.arguments[0].name.empty() &&
                               (actuals.values[0].is(Kind::tensor) || actuals.values[0].is_error());
  const bool input_is_named = std::any_of(expr.arguments.begin(), expr.arguments.end(),
                                          [](const ast::Argument& each) { return each.name.text == "input"; });
  const bool applied = actuals.flow != nullptr || first_is_tensor || input_is_named;
  std::vector<Slot> slots;
  if (applied)
    slots.push_back({"input", true});
  for (const ast::Parameter& parameter : item.parameters)
    slots.push_back({parameter.name.text, applied && parameter.value == nullptr &&
                                              (!neuron.preset || neuron.preset->count(parameter.name.text) == 0)});
  const Bound bound = bind("neuron " + ticked(item.name.text), slots, actuals);
  if (!bound.ok)
    return {};
  for (const std::optional<Value>& value : bound.values)
    if (value && value->is_error())
      return {};
  std::map<std::string, Value> given;
  if (neuron.preset)
    given = *neuron.preset;
  for (size_t i = applied ? 1 : 0; i < slots.size(); ++i)
    if (bound.values[i])
      given[slots[i].name] = *bound.values[i];
  if (!applied) {
    Value value = neuron;
    value.preset = std::make_shared<const std::map<std::string, Value>>(std::move(given));
    return no_instance(expr) ? value : Value();
  }

  Layer layer;
  layer.row = &layers::rows::neuron;
  layer.range = expr.range;
  layer.path = layer.label = layer_name(expr, item.name.text, scope);
  if (!bound.values[0]->is(Kind::tensor)) {
    report(Code::wrong_type, bound.ranges[0], "a neuron reads a tensor, found " + describe(*bound.values[0]));
    return {};
  }
  layer.inputs = {bound.values[0]->layer};
  const Layer& source = program_.layers[static_cast<size_t>(layer.inputs[0])];
  layer.shape = source.shape;
  if (!source.has_time) {
    report(Code::no_time, expr.callee.range,
           "a neuron keeps a membrane through time, and this tensor has no time steps",
           "reads " + text_of(source.shape) + " without time")
        .note("`mean_over_time` has removed the time steps")
        .note("shapes so far: " + shapes_so_far(layer.inputs[0]));
    return {};
  }
  Scope inner;
  std::vector<Value> arguments;
  for (const ast::Parameter& parameter : item.parameters) {
    const auto found = given.find(parameter.name.text);
    Value value = found != given.end() ? found->second : evaluate(*parameter.value, inner);
    if (value.is_error())
      return {};
    inner.names[parameter.name.text] = value;
    arguments.push_back(std::move(value));
  }
  const bool imported = item.range.file != expr.range.file; // then its mistakes are those of the call
  if (imported)
    frames_.push_back({item.name.text, expr.callee.range});
  layer.neuron = neuron_index(item, arguments);
  if (imported)
    frames_.pop_back();
  if (layer.neuron < 0)
    return {};
  const Neuron& made = program_.neurons[static_cast<size_t>(layer.neuron)];
  for (int state = 0; state < made.states; ++state)
    if (const double leak = leak_of(made, state); std::abs(leak) > 1)
      report(Code::growing_membrane, expr.range,
             "this neuron multiplies " + ticked(made.locals[static_cast<size_t>(state) + 1]) + " by " + text_of(leak) +
                 " at each step",
             "grows where nothing fires")
          .help("a leak is the part that stays, from 0 to 1; of a time constant tau that is 1 - 1 / tau");
  return append(std::move(layer));
}

} // namespace rvb::sema
