#include "sema/builtins.h"

#include <algorithm>

namespace rvb::sema {

const std::vector<LayerInfo>& layer_table() {
  static const std::vector<LayerInfo> table = {
      {"conv2d",
       LayerKind::conv2d,
       {{"x", true},
        {"channels", true},
        {"kernel", false},
        {"stride", false},
        {"padding", false},
        {"bias", false},
        {"weights", false}}},
      {"linear", LayerKind::linear, {{"x", true}, {"features", true}, {"bias", false}, {"weights", false}}},
      {"batchnorm",
       LayerKind::batchnorm,
       {{"x", true}, {"epsilon", false}, {"momentum", false}, {"scale", false}, {"time", false}}},
      {"avgpool", LayerKind::avgpool, {{"x", true}, {"kernel", true}, {"stride", false}, {"padding", false}}},
      {"maxpool", LayerKind::maxpool, {{"x", true}, {"kernel", true}, {"stride", false}, {"padding", false}}},
      {"global_avgpool", LayerKind::global_avgpool, {{"x", true}}},
      {"flatten", LayerKind::flatten, {{"x", true}}},
      {"vote", LayerKind::vote, {{"x", true}, {"voters", true}}},
      {"add", LayerKind::add, {{"a", true}, {"b", true}}},
      {"mean_over_time", LayerKind::mean_over_time, {{"x", true}}},
  };
  return table;
}

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

const std::vector<FunctionInfo>& neuron_function_table() {
  static const std::vector<FunctionInfo> table = {
      {"step", {{"x", true}, {"surrogate", false}, {"width", false}}},
      {"detach", {{"x", true}}},
      {"min", {{"a", true}, {"b", true}}},
      {"max", {{"a", true}, {"b", true}}},
      {"abs", {{"x", true}}},
      {"exp", {{"x", true}}},
      {"log", {{"x", true}}},
      {"sqrt", {{"x", true}}},
      {"tanh", {{"x", true}}},
      {"sigmoid", {{"x", true}}},
      {"atan", {{"x", true}}},
  };
  return table;
}

const std::vector<std::string>& surrogates() {
  static const std::vector<std::string> table = {"rectangle", "triangle", "arctangent", "sigmoid"};
  return table;
}

const LayerInfo* find_layer(const std::string& name) {
  for (const LayerInfo& layer : layer_table())
    if (layer.name == name)
      return &layer;
  return nullptr;
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
    std::vector<std::string> all = {"joint", "scaled", "separate", "layer", "channel"};
    all.insert(all.end(), surrogates().begin(), surrogates().end());
    return all;
  }();
  return table;
}

bool is_word(const std::string& name) {
  return std::find(words().begin(), words().end(), name) != words().end();
}

bool is_built_in(const std::string& name) {
  return find_layer(name) != nullptr || find_function(function_table(), name) != nullptr ||
         find_function(neuron_function_table(), name) != nullptr || is_word(name) || name == "real" ||
         name == "binary" || name == "ternary" || name == "input";
}

} // namespace rvb::sema
