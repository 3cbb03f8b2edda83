#include "codegen/c/writer.h"

#include "support/result.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>

namespace rvb::codegen::c {

const char* type_name(ir::Element element) {
  switch (element) {
  case ir::Element::f32: return "float";
  case ir::Element::boolean: return "uint8_t";
  case ir::Element::i32: return "int32_t";
  case ir::Element::u32: return "uint32_t";
  case ir::Element::i16: return "int16_t";
  }
  return "";
}

int64_t count(const ir::Type& type) {
  return type.elements(1);
}

int64_t bytes(const ir::Type& type) {
  return count(type) * ir::bytes_of(type.element);
}

std::string number(float value) {
  if (!std::isfinite(value))
    throw Failure(Exit::user,
                  fmt::format("the trained network holds the number {}, which C has no constant for", value));
  std::string text = fmt::format("{:.9g}", value);
  if (text.find_first_of(".e") == std::string::npos)
    text += ".0";
  return text + "f";
}

std::string literal(double value, ir::Element element) {
  switch (element) {
  case ir::Element::f32: return number(static_cast<float>(value));
  case ir::Element::boolean: return value != 0 ? "1" : "0";
  case ir::Element::i32:
  case ir::Element::u32:
  case ir::Element::i16: break;
  }
  const auto whole = static_cast<int64_t>(value);
  return whole == INT32_MIN ? "(-2147483647 - 1)" : fmt::format("{}", whole);
}

namespace {

template <class Value> std::vector<Value> values_of(const std::vector<uint8_t>& contents) {
  std::vector<Value> values(contents.size() / sizeof(Value));
  if (!values.empty())
    std::memcpy(values.data(), contents.data(), contents.size());
  return values;
}

template <class Value, class Text> std::string list(const std::vector<uint8_t>& contents, const Text& text) {
  std::string result, line;
  for (const Value value : values_of<Value>(contents)) {
    const std::string next = text(value) + ",";
    if (line.size() + next.size() > 116) {
      result += "  " + line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + next;
  }
  return result + "  " + line + "\n";
}

std::string elements_text(ir::Element element, const std::vector<uint8_t>& contents) {
  switch (element) {
  case ir::Element::f32: return list<float>(contents, [](float v) { return number(v); });
  case ir::Element::i32: return list<int32_t>(contents, [](int32_t v) { return literal(v, ir::Element::i32); });
  case ir::Element::u32: return list<uint32_t>(contents, [](uint32_t v) { return fmt::format("{:#x}u", v); });
  case ir::Element::i16: return list<int16_t>(contents, [](int16_t v) { return fmt::format("{}", v); });
  case ir::Element::boolean: return list<uint8_t>(contents, [](uint8_t v) { return fmt::format("{}", v); });
  }
  return "";
}

// A C identifier out of a layer's path or a constant's name.
std::string identifier(const std::string& name) {
  std::string result;
  for (const char c : name)
    result += isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return result;
}

} // namespace

std::string Writer::unique(const std::string& hint) {
  const std::string base = prefix_ + "_" + identifier(hint);
  std::string name = base;
  for (int i = 2; !names_.insert(name).second; ++i)
    name = base + "_" + std::to_string(i);
  return name;
}

std::string Writer::constant(const std::string& name) {
  const ir::Constant& constant = module_.constants.at(name);
  return array(constant.type.element, name, constant.bytes);
}

std::string Writer::array(ir::Element element, const std::string& hint, const std::vector<uint8_t>& contents) {
  const std::string key = std::string(type_name(element)) + std::string(contents.begin(), contents.end());
  std::string& name = arrays_[key];
  if (!name.empty())
    return name;
  name = unique(hint);
  flash_bytes_ += static_cast<int64_t>(contents.size());
  constants_ +=
      fmt::format("static const {} {}[{}] = {{\n{}}};\n", type_name(element), name,
                  contents.size() / static_cast<size_t>(ir::bytes_of(element)), elements_text(element, contents));
  return name;
}

std::string Writer::use(const std::string& name) {
  if (used_.insert(name).second)
    names_.insert(prefix_ + "_" + name);
  return prefix_ + "_" + name;
}

std::string Writer::macros() const {
  std::string result;
  for (const char c : prefix_)
    result += static_cast<char>(toupper(static_cast<unsigned char>(c)));
  return result;
}

std::string Writer::with_prefix(const std::string& text) const {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '@')
      result += text[i];
    else if (i + 1 < text.size() && text[i + 1] == '@')
      result += macros(), ++i;
    else
      result += prefix_;
  }
  return result;
}

std::string Writer::support_functions() const {
  std::string text;
  for (const std::string& name : used_)
    text += "\n" + with_prefix(support(name));
  return text;
}

std::string Writer::function(const std::string& hint, const std::string& text) {
  std::string& name = made_[text];
  if (!name.empty())
    return name;
  name = unique(hint);
  functions_ += "\n";
  for (const char c : text)
    functions_ += c == '@' ? name : std::string(1, c);
  return name;
}

} // namespace rvb::codegen::c
