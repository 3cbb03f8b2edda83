// Options of a command: declared with their targets, parsed, suggested, shown. Own code, because a general library for
// this (CLI11) brings the C++ library's streams with it and doubles the size of a deployed program.
#pragma once

#include "recipe/tables.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace rvb::runtime {

// "; did you mean `train`?", or nothing when no known word is near.
std::string suggestion(const std::string& word, const std::vector<std::string>& known);

class Arguments {
public:
  // `letter` 0: no short form. Targets keep their value when the option is not given; given twice, the last one counts.
  void flag(const char* name, char letter, bool& target, const std::string& help);
  void flag(const char* name, std::function<void()> set, const std::string& help);
  void text(const char* name, char letter, const char* value, std::string& target, const std::string& help);
  void choice(const char* name, const std::vector<std::string>& choices, std::function<void(const std::string&)> set,
              const std::string& help);
  // `set` is false for a word that is none of `expected`.
  void checked(const char* name, const char* value, const std::string& expected,
               std::function<bool(const std::string&)> set, const std::string& help);
  // A row of a table, with options in parentheses; checked where it is applied.
  void row(const char* name, const recipe::Table& table, std::function<void(const std::string&)> set,
           const std::string& help);
  void whole(const char* name, char letter, int64_t low, int64_t high, std::function<void(int64_t)> set,
             const std::string& help);
  void real(const char* name, double low, double high, std::function<void(double)> set, const std::string& help);
  void each(const char* name, const char* value, std::vector<std::string>& target, const std::string& help); // repeated
  void words(const char* name, char letter, const char* value, std::vector<std::string>& target,
             const std::string& help); // separated by commas outside of parentheses
  // One argument without a name.
  void positional(const char* value, std::string& target);

  // What is unknown is no mistake: it goes here, with its values, in the order of the line.
  void others(std::vector<std::string>& target) { others_ = &target; }

  // Failure(usage) for what is unknown, incomplete or out of range. Returns at the first argument that is neither an
  // option nor the positional one: the rest of the line.
  std::vector<std::string> parse(std::vector<std::string> words) const;
  std::vector<std::string> names() const; // of the options that take a value
  std::string help() const;
  std::string usage() const; // "[options] [INPUT]"

private:
  struct Option {
    std::string name, value; // value: what stands for it in the help; empty for a flag
    char letter;
    std::function<void(const std::string&)> set;
    std::string help;
  };
  const Option* find(const std::string& word) const; // null only where there is a place for others
  std::vector<Option> options_;
  std::string positional_name_;
  std::string* positional_ = nullptr;
  std::vector<std::string>* others_ = nullptr;
};

} // namespace rvb::runtime
