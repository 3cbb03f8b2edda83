#include "sema/value.h"

#include "support/text.h"

#include <algorithm>
#include <charconv>

namespace rvb::sema {

Value Value::of_integer(int64_t value) {
  Value result;
  result.kind = Kind::integer;
  result.integer = value;
  result.number = static_cast<double>(value);
  return result;
}

Value Value::of_real(double value) {
  Value result;
  result.kind = Kind::real;
  result.number = value;
  return result;
}

Value Value::of_boolean(bool value) {
  Value result;
  result.kind = Kind::boolean;
  result.integer = value;
  return result;
}

Value Value::of_word(std::string text) {
  Value result;
  result.kind = Kind::word;
  result.text = std::move(text);
  return result;
}

Value Value::of_string(std::string text) {
  Value result = of_word(std::move(text));
  result.kind = Kind::string;
  return result;
}

Value Value::of_list(std::vector<Value> elements) {
  Value result;
  result.kind = Kind::list;
  result.list = std::make_shared<const std::vector<Value>>(std::move(elements));
  return result;
}

Value Value::of_layer(int layer) {
  Value result;
  result.kind = Kind::tensor;
  result.layer = layer;
  return result;
}

std::string text_of(double number) {
  char buffer[40];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, number);
  static_cast<void>(error); // 40 characters hold every double
  return std::string(buffer, end);
}

const char* callable(ast::Item::Kind kind) {
  return kind == ast::Item::Kind::block      ? "block"
         : kind == ast::Item::Kind::function ? "function"
         : kind == ast::Item::Kind::cell     ? "cell"
                                             : nullptr;
}

std::string type_name(const Value& value) {
  switch (value.kind) {
  case Value::Kind::error: return "nothing";
  case Value::Kind::integer: return "an integer";
  case Value::Kind::real: return "a number";
  case Value::Kind::boolean: return "a truth value";
  case Value::Kind::string: return "a string";
  case Value::Kind::word: return "the word " + ticked(value.text);
  case Value::Kind::list: return "a list";
  case Value::Kind::weights: return "a kind of weights";
  case Value::Kind::neuron: return "a neuron";
  case Value::Kind::block: return "a " + std::string(callable(value.neuron->kind));
  case Value::Kind::tensor: return "a tensor";
  }
  return "nothing";
}

std::string describe(const Value& value) {
  switch (value.kind) {
  case Value::Kind::integer: return ticked(std::to_string(value.integer));
  case Value::Kind::real: { // 32.0 is no integer, and must not look like one
    const std::string text = text_of(value.number);
    return ticked(text.find_first_of(".en") == std::string::npos ? text + ".0" : text);
  }
  case Value::Kind::list: {
    std::string text;
    for (const Value& element : *value.list)
      text +=
          (text.empty() ? "" : ", ") + (element.is_number()                ? text_of(element.number)
                                        : element.is(Value::Kind::boolean) ? (element.integer != 0 ? "true" : "false")
                                        : element.is(Value::Kind::tensor)  ? "a tensor"
                                                                           : element.text);
    return "the list " + ticked("[" + text + "]");
  }
  case Value::Kind::boolean: return value.integer ? "`true`" : "`false`";
  case Value::Kind::string: return "the string " + ticked(value.text);
  default: return type_name(value);
  }
}

bool equal(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number())
    return a.is(Value::Kind::integer) && b.is(Value::Kind::integer) ? a.integer == b.integer : a.number == b.number;
  if (a.kind != b.kind)
    return false;
  switch (a.kind) {
  case Value::Kind::boolean: return a.integer == b.integer;
  case Value::Kind::string:
  case Value::Kind::word: return a.text == b.text;
  case Value::Kind::weights: return a.weights == b.weights && a.neuron == b.neuron;
  case Value::Kind::tensor: return a.layer == b.layer;
  case Value::Kind::block: return a.neuron == b.neuron;
  case Value::Kind::neuron: {
    static const std::map<std::string, Value> none;
    const auto &x = a.preset ? *a.preset : none, &y = b.preset ? *b.preset : none;
    return a.neuron == b.neuron && x.size() == y.size() &&
           std::equal(x.begin(), x.end(), y.begin(),
                      [](const auto& p, const auto& q) { return p.first == q.first && equal(p.second, q.second); });
  }
  case Value::Kind::list:
    if (a.list->size() != b.list->size())
      return false;
    for (size_t i = 0; i < a.list->size(); ++i)
      if (!equal((*a.list)[i], (*b.list)[i]))
        return false;
    return true;
  default: return false;
  }
}

} // namespace rvb::sema
