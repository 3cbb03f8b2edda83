// The IR as text: what prints, parses (grammar: OPERATORS.md).
#pragma once

#include "ir/ir.h"

#include <string>

namespace rvb::ir {

std::string print(const Module& module);
std::string print(const Function& function);
std::string print(const Type& type);
const char* element_name(Element element); // "f32"
std::string print(const Attribute& attribute);
std::string print_number(double value); // shortest form that reads back to the same float, with '.', 'e', inf or nan

// Throws ParseError for any text that is not the IR's; never asserts, whatever the input.
struct ParseError {
  int line;
  int column;
  std::string message;
};
Module parse(const std::string& text);

} // namespace rvb::ir
