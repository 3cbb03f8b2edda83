#include "ir/text.h"

#include "support/fnv.h"

#include <cstring>

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace rvb::ir {

namespace {

constexpr int64_t printed_elements = 16; // longer constants print as a hash

template <typename T> std::string shortest(T value) {
  char buffer[64];
  std::to_chars_result end = std::to_chars(buffer, buffer + sizeof buffer, value);
  return std::string(buffer, end.ptr);
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (unsigned char c : text) {
    if (c == '"' || c == '\\')
      out += {'\\', static_cast<char>(c)};
    else if (c == '\n')
      out += "\\n";
    else if (c < 0x20 || c == 0x7f) {
      char hex[8];
      std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned>(c));
      out += hex;
    } else
      out += static_cast<char>(c);
  }
  return out + "\"";
}

template <typename T, typename F> std::string list(const std::vector<T>& items, F&& text) {
  std::string out;
  for (const T& item : items)
    out += (out.empty() ? "" : ", ") + text(item);
  return out;
}

std::string contents(const Constant& constant) {
  bool whole = constant.type.elements_per_sample() * bytes_of(constant.type.element) ==
               static_cast<int64_t>(constant.bytes.size());
  if (!whole || constant.type.elements_per_sample() > printed_elements) {
    return "#" + hex_digits(constant.bytes.empty() ? constant.hash : fnv(constant.bytes.data(), constant.bytes.size()));
  }
  auto numbers = [&]() -> std::string {
    switch (constant.type.element) {
    case Element::f32: return list(constant.floats(), [](float v) { return print_number(v); });
    case Element::u32: return list(constant.words(), [](uint32_t v) { return std::to_string(v); });
    case Element::i32:
      return list(constant.words(), [](uint32_t v) { return std::to_string(static_cast<int32_t>(v)); });
    case Element::i16: {
      std::string text;
      for (size_t i = 0; i + 1 < constant.bytes.size(); i += 2) {
        int16_t v = 0;
        std::memcpy(&v, constant.bytes.data() + i, 2);
        text += (i ? ", " : "") + std::to_string(v);
      }
      return text;
    }
    case Element::boolean: return list(constant.bytes, [](uint8_t v) { return std::to_string(v != 0); });
    }
    return "";
  };
  return "[" + numbers() + "]";
}

class Printer {
public:
  explicit Printer(const Function& function) : function_(function) {}

  std::string run() {
    out_ = "func @" + function_.name + "(" + list(function_.parameters, [this](Value v) { return parameter(v); }) +
           ") -> (";
    for (size_t i = 0; i < function_.results.size(); ++i) {
      out_ += i == 0 ? "" : ", ";
      if (i < function_.result_ports.size() && !label(function_.result_ports[i]).empty())
        out_ += quoted(label(function_.result_ports[i])) + " = ";
      const Operand& result = function_.results[i];
      out_ += print(result.is_literal() ? Type{} : function_.type(result.value));
    }
    out_ += ") {\n";
    ops(function_.ops, "  ");
    out_ += "  ret(" + operands(function_.results) + ")\n}\n";
    return std::move(out_);
  }

private:
  std::string name(Value value) const { return "%" + function_.values[value].name; }

  std::string operands(const std::vector<Operand>& items) const {
    return list(items, [this](const Operand& o) { return o.is_literal() ? print_number(o.number) : name(o.value); });
  }

  std::string declarations(const std::vector<Value>& values) const {
    return list(values, [this](Value v) { return name(v) + ": " + print(function_.type(v)); });
  }

  // Its port only where the name does not say it.
  std::string parameter(Value value) const {
    const Port& port = function_.values[value].port;
    const bool said = port == port_of_value(function_.values[value].name) || port == Port();
    return name(value) + ": " + (said ? "" : quoted(label(port)) + " = ") + print(function_.type(value)) +
           (port.initial == 0 && !std::signbit(port.initial) ? "" : " begins " + print_number(port.initial));
  }

  void ops(const std::vector<Op>& items, const std::string& indent) {
    for (const Op& op : items)
      print_op(op, indent);
  }

  void print_op(const Op& op, const std::string& indent) {
    out_ += indent + list(op.results, [this](Value v) { return name(v); }) + " = " + info(op.opcode).name + "(" +
            operands(op.operands) + ")";
    if (!op.attributes.empty())
      out_ += " {" +
              list(std::vector<Attributes::value_type>(op.attributes.begin(), op.attributes.end()),
                   [](const auto& a) { return a.first + " = " + print(a.second); }) +
              "}";
    for (const Body& body : op.body) {
      out_ += " do (" + declarations(body.parameters) + ") {\n";
      ops(body.ops, indent + "  ");
      out_ += indent + "  yield(" + operands(body.yields) + ")\n" + indent + "}";
    }
    out_ += " : " + list(op.results, [this](Value v) { return print(function_.type(v)); });
    if (!op.layer.empty())
      out_ += " @ " + (is_name(op.layer) ? op.layer : quoted(op.layer));
    out_ += "\n";
  }

  const Function& function_;
  std::string out_;
};

} // namespace

const char* element_name(Element element) {
  switch (element) {
  case Element::f32: return "f32";
  case Element::boolean: return "bool";
  case Element::i32: return "i32";
  case Element::u32: return "u32";
  case Element::i16: return "i16";
  }
  return "f32";
}

std::string print(const Attribute& attribute) {
  if (const int64_t* value = std::get_if<int64_t>(&attribute))
    return std::to_string(*value);
  if (const double* value = std::get_if<double>(&attribute))
    return print_number(*value);
  if (const std::string* value = std::get_if<std::string>(&attribute))
    return quoted(*value);
  if (const auto* values = std::get_if<std::vector<int64_t>>(&attribute))
    return "[" + list(*values, [](int64_t v) { return std::to_string(v); }) + "]";
  return "[" + list(std::get<std::vector<double>>(attribute), print_number) + "]";
}

// Numbers of the IR are single precision: the shortest text is that of the float. A reader that goes through double
// rounds twice, so the rare text that would come back as another float is written with the double's digits.
std::string print_number(double value) {
  float single = static_cast<float>(value);
  if (std::isnan(single))
    return "nan";
  if (std::isinf(single))
    return single < 0 ? "-inf" : "inf";
  std::string text = shortest(single);
  if (static_cast<float>(std::strtod(text.c_str(), nullptr)) != single)
    text = shortest(static_cast<double>(single));
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

std::string print(const Type& type) {
  std::string out = element_name(type.element);
  out += "[";
  for (size_t i = 0; i < type.dims.size(); ++i)
    out += (i == 0 ? "" : ",") + (type.dims[i] == batch ? std::string("?") : std::to_string(type.dims[i]));
  return out + "]";
}

std::string print(const Function& function) {
  return Printer(function).run();
}

std::string print(const Module& module) {
  std::string out;
  for (const auto& [name, constant] : module.constants)
    out += "data @" + name + ": " + print(constant.type) + " = " + contents(constant) + "\n";
  for (const Function& function : module.functions)
    out += (out.empty() ? "" : "\n") + print(function);
  return out;
}

} // namespace rvb::ir
