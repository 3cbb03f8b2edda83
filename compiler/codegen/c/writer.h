// The C source as it grows: constants, support functions, one function for every operation. Functions with the same
// text are one.
#pragma once

#include "ir/ir.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace rvb::codegen::c {

const char* type_name(ir::Element element); // float, int32_t, …
int64_t count(const ir::Type& type);        // elements, of one sample
int64_t bytes(const ir::Type& type);        // of one sample
std::string number(float value);            // as a constant of C that reads back to the same bits
std::string literal(double value, ir::Element element);

// The text of a function that operations ask for by name (support.cpp); @ stands for the library's prefix,
// @@ for that of its macros.
const std::string& support(const std::string& name);

class Writer {
public:
  Writer(const ir::Module& module, std::string prefix) : module_(module), prefix_(std::move(prefix)) {}

  const std::string& prefix() const { return prefix_; }
  std::string macros() const;                             // their prefix, in capitals
  std::string with_prefix(const std::string& text) const; // in place of @ and @@
  const ir::Module& module() const { return module_; }

  // Names of constants; the same contents have one name.
  std::string constant(const std::string& name); // of the module
  std::string array(ir::Element element, const std::string& hint, const std::vector<uint8_t>& contents);
  std::string use(const std::string& support); // its name in C; it will stand in the source

  // A function of this text, whose own name is written as @ there; its name.
  std::string function(const std::string& hint, const std::string& text);

  std::string constants() const { return constants_; }
  std::string support_functions() const;
  std::string functions() const { return functions_; }
  int64_t flash_bytes() const { return flash_bytes_; }

private:
  std::string unique(const std::string& hint);

  const ir::Module& module_;
  const std::string prefix_;
  std::string constants_, functions_;
  std::map<std::string, std::string> arrays_; // by element and contents
  std::map<std::string, std::string> made_;   // functions by text
  std::set<std::string> names_, used_;
  int64_t flash_bytes_ = 0;
};

} // namespace rvb::codegen::c
