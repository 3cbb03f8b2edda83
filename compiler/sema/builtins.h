// The names the language brings along besides layers (layers/layers.def): functions, words.
#pragma once

#include <string>
#include <vector>

namespace rvb::sema {

struct Slot {
  std::string name;
  bool required;
};

struct FunctionInfo {
  std::string name;
  std::vector<Slot> slots;
};

const std::vector<FunctionInfo>& function_table();        // on numbers and lists, outside of neurons
const std::vector<FunctionInfo>& neuron_function_table(); // in neurons
const std::vector<std::string>& surrogates();

// The elementwise operator of the IR that a sign stands for: add of `+`; null when there is none.
const char* operator_of(const std::string& sign);
bool is_comparison(const std::string& sign); // of numbers, in order

const FunctionInfo* find_function(const std::vector<FunctionInfo>& table, const std::string& name);
bool is_surrogate(const std::string& name);
const std::vector<std::string>& words();   // rectangle, joint, …
bool is_word(const std::string& name);     // rectangle, flip, …: a value by itself where no other meaning is given
bool is_built_in(const std::string& name); // cannot be defined by a program

} // namespace rvb::sema
