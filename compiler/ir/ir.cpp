#include "ir/ir.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <unordered_map>
#include <unordered_set>

namespace rvb::ir {

bool Type::has_batch() const {
  return std::find(dims.begin(), dims.end(), batch) != dims.end();
}

int64_t Type::elements(int64_t samples) const {
  int64_t product = 1;
  for (int64_t dim : dims)
    product *= dim == batch ? samples : dim;
  return product;
}

int64_t Type::elements_per_sample() const {
  return elements(1);
}

const std::vector<OperatorInfo>& all_operators() {
  static const std::vector<OperatorInfo> table = {
#define RVB_OPERATOR(name, operands, results, traits) {Opcode::name, #name, operands, results, traits},
#include "ir/operators.def"
#undef RVB_OPERATOR
  };
  return table;
}

const OperatorInfo& info(Opcode opcode) {
  return all_operators()[static_cast<size_t>(opcode)];
}

const OperatorInfo* find_operator(const std::string& name) {
  static const std::unordered_map<std::string, Opcode> names = {
#define RVB_OPERATOR(name, operands, results, traits) {#name, Opcode::name},
#include "ir/operators.def"
#undef RVB_OPERATOR
  };
  auto found = names.find(name);
  return found == names.end() ? nullptr : &info(found->second);
}

int64_t Op::integer(const std::string& name, int64_t otherwise) const {
  auto found = attributes.find(name);
  if (found == attributes.end())
    return otherwise;
  const int64_t* value = std::get_if<int64_t>(&found->second);
  return value ? *value : otherwise;
}

// An integer is a number too: `{ste = 1}` reads as 1.0.
double Op::number(const std::string& name, double otherwise) const {
  auto found = attributes.find(name);
  if (found == attributes.end())
    return otherwise;
  if (const double* value = std::get_if<double>(&found->second))
    return *value;
  if (const int64_t* value = std::get_if<int64_t>(&found->second))
    return static_cast<double>(*value);
  return otherwise;
}

std::string Op::text(const std::string& name, const std::string& otherwise) const {
  auto found = attributes.find(name);
  if (found == attributes.end())
    return otherwise;
  const std::string* value = std::get_if<std::string>(&found->second);
  return value ? *value : otherwise;
}

std::vector<int64_t> Op::integers(const std::string& name) const {
  auto found = attributes.find(name);
  if (found == attributes.end())
    return {};
  const std::vector<int64_t>* value = std::get_if<std::vector<int64_t>>(&found->second);
  return value ? *value : std::vector<int64_t>{};
}

namespace {

bool is_digits(const std::string& text, size_t begin) {
  return begin < text.size() &&
         std::all_of(text.begin() + begin, text.end(), [](unsigned char c) { return std::isdigit(c); });
}

// The number after the last dot of "u.12": 12; -1 for a name that does not end so.
int64_t suffix_number(const std::string& name, size_t dot) {
  if (!is_digits(name, dot + 1) || name.size() - dot > 10)
    return -1;
  int64_t number = 0;
  for (size_t i = dot + 1; i < name.size(); ++i)
    number = 10 * number + (name[i] - '0');
  return number;
}

std::string clean_name(const std::string& hint) {
  std::string name = hint;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '.')
      c = '_';
  return name.empty() ? "v" : name;
}

} // namespace

void NameIndex::add(const std::string& name) {
  ++known_;
  taken_.insert(name);
  const size_t dot = name.rfind('.');
  if (const int64_t number = dot == std::string::npos ? -1 : suffix_number(name, dot); number >= 0) {
    int64_t& highest = highest_[name.substr(0, dot)];
    highest = std::max(highest, number);
  }
}

// A free name is taken as it is; otherwise its number is replaced by one above all numbers of that stem: u, u.1, u.2.
std::string NameIndex::unique(const std::vector<ValueInfo>& values, std::string name) {
  if (known_ > values.size())
    *this = NameIndex();
  while (known_ < values.size())
    add(values[known_].name);
  if (taken_.count(name) == 0)
    return name;
  const size_t dot = name.rfind('.');
  const bool numbered = dot != std::string::npos && dot != 0 && suffix_number(name, dot) >= 0;
  const std::string stem = numbered ? name.substr(0, dot) : name;
  const auto found = highest_.find(stem);
  return stem + "." + std::to_string((found == highest_.end() ? 0 : found->second) + 1);
}

Value Function::add_value(Type type, const std::string& hint) {
  std::string name = names.unique(values, clean_name(hint));
  values.push_back({std::move(type), std::move(name)});
  return static_cast<Value>(values.size() - 1);
}

Value Function::find(const std::string& name) const {
  for (size_t i = 0; i < values.size(); ++i)
    if (values[i].name == name)
      return static_cast<Value>(i);
  return no_value;
}

Value Function::parameter(const std::string& name) const {
  for (Value value : parameters)
    if (values[value].name == name)
      return value;
  return no_value;
}

Value Function::parameter(Role role) const {
  for (Value value : parameters)
    if (values[value].port.role == role)
      return value;
  return no_value;
}

int Function::result(Role role, const std::string& name) const {
  for (size_t i = 0; i < result_ports.size(); ++i)
    if (result_ports[i].is(role, name))
      return static_cast<int>(i);
  return -1;
}

namespace {

template <typename T> std::vector<uint8_t> to_bytes(const std::vector<T>& values) {
  std::vector<uint8_t> bytes(values.size() * sizeof(T));
  if (!bytes.empty())
    std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

template <typename T> std::vector<T> from_bytes(const std::vector<uint8_t>& bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!values.empty())
    std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
  return values;
}

} // namespace

Constant Constant::from_floats(std::vector<int64_t> dims, const std::vector<float>& values) {
  return {Type{Element::f32, std::move(dims)}, to_bytes(values)};
}
Constant Constant::from_integers(std::vector<int64_t> dims, const std::vector<int32_t>& values) {
  return {Type{Element::i32, std::move(dims)}, to_bytes(values)};
}
Constant Constant::from_words(std::vector<int64_t> dims, const std::vector<uint32_t>& values) {
  return {Type{Element::u32, std::move(dims)}, to_bytes(values)};
}
std::vector<float> Constant::floats() const {
  return from_bytes<float>(bytes);
}
std::vector<uint32_t> Constant::words() const {
  return from_bytes<uint32_t>(bytes);
}

int64_t bytes_of(Element element) {
  return element == Element::boolean ? 1 : element == Element::i16 ? 2 : 4;
}

bool is_name(const std::string& text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '.'; });
}

std::string fault(const Type& type) {
  if (type.rank() > max_rank)
    return "more than " + std::to_string(max_rank) + " dimensions";
  int64_t product = 1;
  bool has_batch = false;
  for (int64_t dim : type.dims) {
    if (dim == batch) {
      if (has_batch)
        return "two batch dimensions";
      has_batch = true;
      continue;
    }
    if (dim < 1 || dim > max_dimension)
      return "dimension " + std::to_string(dim) + " is out of range";
    if (dim > max_elements / product) // before the product, which could overflow
      return "more than 2^40 elements";
    product *= dim;
  }
  return "";
}

Function* Module::find(const std::string& name) {
  for (Function& function : functions)
    if (function.name == name)
      return &function;
  return nullptr;
}

const Function* Module::find(const std::string& name) const {
  return const_cast<Module*>(this)->find(name);
}

} // namespace rvb::ir
