#include "sema/builtins.h"

#include "ir/ir.h"
#include "layers/layer.h"

#include <algorithm>
#include <map>

namespace rvb::sema {

const std::vector<FunctionInfo>& function_table() {
  static const std::vector<FunctionInfo> table = {
      {"min", {{"a", true}, {"b", true}}},
      {"max", {{"a", true}, {"b", true}}},
      {"abs", {{"x", true}}},
      {"floor", {{"x", true}}},
      {"exp", {{"x", true}}},
      {"log", {{"x", true}}},
      {"sqrt", {{"x", true}}},
      {"shape", {{"x", true}}},
      {"length", {{"list", true}}},
  };
  return table;
}

// `step` has options; the others are operators of the IR that say so.
const std::vector<FunctionInfo>& neuron_function_table() {
  static const std::vector<FunctionInfo> table = [] {
    std::vector<FunctionInfo> rows = {{"step", {{"x", true}, {"surrogate", false}, {"width", false}}}};
    for (const ir::OperatorInfo& info : ir::all_operators())
      if ((info.traits & ir::neuron_function) != 0)
        rows.push_back({info.name, info.operands == 1 ? std::vector<Slot>{{"x", true}}
                                                      : std::vector<Slot>{{"a", true}, {"b", true}}});
    return rows;
  }();
  return table;
}

const std::vector<std::string>& surrogates() {
  static const std::vector<std::string> table = {"rectangle", "triangle", "arctangent", "sigmoid"};
  return table;
}

const char* operator_of(const std::string& sign) {
  static const std::map<std::string, const char*> operators = {
      {"+", "add"},     {"-", "sub"},         {"*", "mul"}, {"/", "div"}, {">=", "greater_equal"},
      {">", "greater"}, {"<=", "less_equal"}, {"<", "less"}};
  const auto found = operators.find(sign);
  return found == operators.end() ? nullptr : found->second;
}

bool is_comparison(const std::string& sign) {
  return sign == ">=" || sign == ">" || sign == "<=" || sign == "<";
}

const FunctionInfo* find_function(const std::vector<FunctionInfo>& table, const std::string& name) {
  for (const FunctionInfo& function : table)
    if (function.name == name)
      return &function;
  return nullptr;
}

bool is_surrogate(const std::string& name) {
  return std::find(surrogates().begin(), surrogates().end(), name) != surrogates().end();
}

const std::vector<std::string>& words() {
  static const std::vector<std::string> table = [] {
    std::vector<std::string> all = {"layer", "channel"};
    for (const layers::Row* row : layers::table())
      for (const layers::Slot& slot : row->slots)
        if (slot.name != "over" && slot.name != "each" &&
            slot.name != "padding") // which are words only after these names
          all.insert(all.end(), slot.words.begin(), slot.words.end());
    all.insert(all.end(), surrogates().begin(), surrogates().end());
    return all;
  }();
  return table;
}

bool is_word(const std::string& name) {
  return std::find(words().begin(), words().end(), name) != words().end();
}

bool is_built_in(const std::string& name) {
  const layers::Row* layer = layers::find(name);
  return (layer != nullptr && layer->reserved) || find_function(function_table(), name) != nullptr ||
         find_function(neuron_function_table(), name) != nullptr || is_word(name) || name == "real" ||
         name == "binary" || name == "ternary" || name == "input";
}

} // namespace rvb::sema
