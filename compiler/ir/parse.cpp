// Recursive descent. Recursion happens only through bodies, whose depth is bounded; memory is
// bounded by the length of the text.
#include "ir/scanner.h"

#include <cstring>
#include <unordered_map>

namespace rvb::ir {

namespace {

constexpr int max_depth = 8; // bodies inside bodies; the verifier allows one

class Parser : Scanner {
public:
  explicit Parser(const std::string& text) : Scanner(text) {}

  Module run() {
    for (skip(); !at_end(); skip()) {
      if (accept_word("data"))
        constant();
      else if (accept_word("func"))
        function();
      else
        fail("`func` or `data` expected");
    }
    return std::move(module_);
  }

private:
  // Types and constants

  Type type() {
    size_t begin = here();
    Type result;
    if (accept_word("f32"))
      result.element = Element::f32;
    else if (accept_word("bool"))
      result.element = Element::boolean;
    else if (accept_word("i32"))
      result.element = Element::i32;
    else if (accept_word("u32"))
      result.element = Element::u32;
    else if (accept_word("i16"))
      result.element = Element::i16;
    else
      fail("a type (`f32`, `bool`, `i32`, `u32`, `i16`) expected");
    expect("[");
    until("]", [&] {
      size_t at = here();
      bool open = accept("?");
      result.dims.push_back(open ? batch : integer());
      if (result.dims.back() == batch && !open)
        fail_at(at, "dimension -1 is out of range");
    });
    std::string wrong = fault(result);
    if (!wrong.empty())
      fail_at(begin, "type: " + wrong);
    return result;
  }

  void constant() {
    expect("@");
    size_t begin = here();
    std::string id = name();
    Constant result;
    expect(":");
    result.type = type();
    if (result.type.has_batch())
      fail_at(begin, "a constant has no batch");
    expect("=");
    if (accept("#")) {
      for (int i = 0; i < 16; ++i)
        result.hash = 16 * result.hash + static_cast<uint64_t>(hex_digit());
    } else {
      expect("[");
      int64_t count = 0;
      until("]", [&] {
        element(result);
        ++count;
      });
      if (count != result.type.elements_per_sample())
        fail_at(begin, "constant @" + id + " has " + std::to_string(count) + " numbers, its type " +
                           print(result.type) + " asks for " + std::to_string(result.type.elements_per_sample()));
    }
    if (!module_.constants.emplace(id, std::move(result)).second)
      fail_at(begin, "constant @" + id + " is defined twice");
  }

  template <typename T> static void put(std::vector<uint8_t>& bytes, T value) {
    uint8_t raw[sizeof(T)];
    std::memcpy(raw, &value, sizeof(T));
    bytes.insert(bytes.end(), raw, raw + sizeof(T));
  }

  void element(Constant& constant) {
    size_t begin = here();
    if (constant.type.element == Element::f32)
      return put(constant.bytes, static_cast<float>(number().real));
    int64_t value = integer();
    int64_t low = constant.type.element == Element::i32   ? INT32_MIN
                  : constant.type.element == Element::i16 ? INT16_MIN
                                                          : 0;
    int64_t high = constant.type.element == Element::i32   ? INT32_MAX
                   : constant.type.element == Element::i16 ? INT16_MAX
                   : constant.type.element == Element::u32 ? int64_t{UINT32_MAX}
                                                           : 1;
    if (value < low || value > high)
      fail_at(begin, "number out of range of its element type");
    if (constant.type.element == Element::boolean)
      put(constant.bytes, static_cast<uint8_t>(value));
    else if (constant.type.element == Element::i16)
      put(constant.bytes, static_cast<int16_t>(value));
    else
      put(constant.bytes, static_cast<uint32_t>(value));
  }

  // Functions

  void function() {
    expect("@");
    size_t begin = here();
    function_ = Function();
    names_.clear();
    function_.name = name();
    if (!functions_.emplace(function_.name, 0).second)
      fail_at(begin, "function @" + function_.name + " is defined twice");
    expect("(");
    until(")", [&] { function_.parameters.push_back(parameter()); });
    expect("->");
    expect("(");
    std::vector<Type> types;
    until(")", [&] {
      std::string label;
      if (peek() == '"') {
        label = string();
        expect("=");
      }
      function_.result_ports.push_back(port_of_label(label));
      types.push_back(type());
    });
    bool named = false;
    for (const Port& port : function_.result_ports)
      named = named || !port.name.empty();
    if (!named)
      function_.result_ports.clear();
    expect("{");
    ops(function_.ops, 0);
    size_t at = here();
    if (!accept_word("ret"))
      fail("an operation or `ret` expected");
    function_.results = operands();
    if (function_.results.size() != types.size())
      fail_at(at, "`ret` gives " + std::to_string(function_.results.size()) + " results, the function declares " +
                      std::to_string(types.size()));
    for (size_t i = 0; i < types.size(); ++i)
      if (types[i] != (function_.results[i].is_literal() ? Type{} : function_.type(function_.results[i].value)))
        fail_at(at, "result " + std::to_string(i) + " is not of the declared type " + print(types[i]));
    expect("}");
    module_.functions.push_back(std::move(function_));
  }

  std::string new_name() {
    expect("%");
    size_t begin = here();
    std::string id = name();
    if (!names_.emplace(id, no_value).second)
      fail_at(begin, "value %" + id + " is defined twice");
    return id;
  }

  Value define(const std::string& id, Type type) {
    function_.values.push_back({std::move(type), id, {}});
    return names_[id] = static_cast<Value>(function_.values.size() - 1);
  }

  Value declaration() {
    std::string id = new_name();
    expect(":");
    return define(id, type());
  }

  Value parameter() {
    std::string id = new_name();
    expect(":");
    Port port = port_of_value(id);
    if (peek() == '"') {
      port = port_of_label(string());
      expect("=");
    }
    Value value = define(id, type());
    if (accept_word("begins"))
      port.initial = number().real;
    function_.values[static_cast<size_t>(value)].port = std::move(port);
    return value;
  }

  std::vector<Operand> operands() {
    std::vector<Operand> result;
    expect("(");
    until(")", [&] {
      if (!accept("%")) {
        result.push_back(Operand::literal(number().real));
        return;
      }
      size_t begin = here();
      std::string id = name();
      auto found = names_.find(id);
      if (found == names_.end() || found->second == no_value)
        fail_at(begin, "value %" + id + " is used before it is defined");
      result.push_back(found->second);
    });
    return result;
  }

  void ops(std::vector<Op>& list, int depth) {
    while (peek() == '%')
      list.push_back(operation(depth));
  }

  Op operation(int depth) {
    std::vector<std::string> results;
    do
      results.push_back(new_name());
    while (accept(","));
    expect("=");
    size_t begin = here();
    std::string id = name();
    const OperatorInfo* row = find_operator(id);
    if (row == nullptr)
      fail_at(begin, "unknown operator `" + id + "`");
    Op op{row->opcode, operands(), {}, {}, {}, {}};
    if (accept("{"))
      until("}", [&] { attribute(op); });
    if (accept_word("do"))
      op.body.push_back(body(depth + 1));
    expect(":");
    for (size_t i = 0; i < results.size(); ++i) {
      if (i != 0)
        expect(",");
      op.results.push_back(define(results[i], type()));
    }
    if (accept("@"))
      op.layer = peek() == '"' ? string() : name();
    return op;
  }

  Body body(int depth) {
    if (depth > max_depth)
      fail("bodies are nested too deeply");
    Body result;
    expect("(");
    until(")", [&] { result.parameters.push_back(declaration()); });
    expect("{");
    ops(result.ops, depth);
    if (!accept_word("yield"))
      fail("an operation or `yield` expected");
    result.yields = operands();
    expect("}");
    return result;
  }

  void attribute(Op& op) {
    size_t begin = here();
    std::string id = name();
    expect("=");
    if (!op.attributes.emplace(id, attribute_value()).second)
      fail_at(begin, "attribute `" + id + "` is given twice");
  }

  Attribute attribute_value() {
    if (peek() == '"')
      return string();
    if (!accept("[")) {
      Number value = number();
      return value.integral ? Attribute(value.integer) : Attribute(value.real);
    }
    std::vector<int64_t> integers;
    std::vector<double> reals;
    bool integral = true;
    until("]", [&] {
      Number value = number();
      integers.push_back(value.integer);
      reals.push_back(value.real);
      integral = integral && value.integral;
    });
    return integral ? Attribute(integers) : Attribute(reals);
  }

  Module module_;
  Function function_;
  std::unordered_map<std::string, int> functions_;
  std::unordered_map<std::string, Value> names_; // no_value: named on the left of an operation that is being read
};

} // namespace

Module parse(const std::string& text) {
  return Parser(text).run();
}

} // namespace rvb::ir
