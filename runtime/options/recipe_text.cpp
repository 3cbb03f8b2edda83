#include "options/recipe_text.h"

#include "base/failure.h"
#include "options/arguments.h"

#include <cmath>
#include <cstdlib>
#include <fmt/format.h>

namespace rvb::runtime {

using recipe::Choice;
using recipe::Kind;
using recipe::Option;
using recipe::Row;
using recipe::Table;

namespace {

std::string trimmed(const std::string& text) {
  const size_t first = text.find_first_not_of(' ');
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words)
    text += (text.empty() ? "" : ", ") + word;
  return text;
}

// A name, and "option=value" or "value" in its parentheses or after its equals sign.
struct Words {
  std::string name;
  std::vector<std::string> options;
  bool closed = true;
};

Words words_of(const std::string& text) {
  Words words;
  const size_t open = text.find_first_of("(=");
  words.name = trimmed(text.substr(0, open));
  if (open == std::string::npos)
    return words;
  std::string inner = text.substr(open + 1);
  if (text[open] == '(') {
    const size_t close = inner.find(')');
    words.closed = close != std::string::npos && trimmed(inner.substr(close + 1)).empty();
    inner.resize(std::min(close, inner.size()));
  }
  for (size_t at = 0; at <= inner.size();) {
    const size_t comma = std::min(inner.find(',', at), inner.size());
    words.options.push_back(trimmed(inner.substr(at, comma - at)));
    at = comma + 1;
  }
  return words;
}

std::string number_text(const Option& option, double value) {
  return option.kind == Kind::flag ? (value != 0 ? "true" : "false") : fmt::format("{}", value);
}

double number_of(const char* flag, const std::string& whole, const Option& option, const std::string& text) {
  if (option.kind == Kind::flag) {
    if (text == "true" || text == "false")
      return text == "true" ? 1 : 0;
    throw Failure(Exit::usage, fmt::format("--{} is `{}`: `{}` is true or false", flag, whole, option.name));
  }
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  const bool fraction = option.kind == Kind::whole && value != std::floor(value);
  if (text.empty() || *end != 0 || !(value >= option.least && value <= option.most) || fraction)
    throw Failure(Exit::usage,
                  fmt::format("--{} is `{}`: `{}` is {} from {} to {}", flag, whole, option.name,
                              option.kind == Kind::whole ? "an integer" : "a number", option.least, option.most));
  return value;
}

void set_options(const char* flag, const std::string& text, const Words& words, Choice& choice) {
  const Row& row = choice.row();
  for (size_t i = 0; i < words.options.size(); ++i) {
    const std::string& word = words.options[i];
    const size_t equals = word.find('=');
    // As in a recipe, the first option needs no name.
    const std::string name = equals != std::string::npos ? trimmed(word.substr(0, equals))
                             : i == 0 && row.count() > 0 ? row.options[0].name
                                                         : word;
    const int place = row.find(name);
    if (place < 0 || (equals == std::string::npos && i > 0)) {
      std::vector<std::string> known;
      for (int k = 0; k < row.count(); ++k)
        known.push_back(row.options[k].name);
      throw Failure(Exit::usage, fmt::format("--{} is `{}`: `{}` has {}", flag, text, row.name,
                                             known.empty() ? "no options"
                                                           : fmt::format("no option `{}`; expected {}{}", name,
                                                                         joined(known), suggestion(name, known))));
    }
    choice[place] = number_of(flag, text, row.options[place],
                              trimmed(equals == std::string::npos ? word : word.substr(equals + 1)));
  }
}

const Row& row_of(const char* flag, const Table& table, const std::string& text, const Words& words) {
  const Row* row = table.find(words.name);
  if (row == nullptr)
    throw Failure(Exit::usage, fmt::format("--{} is `{}`; expected {}{}", flag, text, joined(table.names()),
                                           suggestion(words.name, table.names())));
  if (!words.closed)
    throw Failure(Exit::usage, fmt::format("--{} is `{}`; expected {}", flag, text, choice_text(Choice(*row))));
  return *row;
}

} // namespace

Choice parse_choice(const char* flag, const Table& table, const std::string& text) {
  const Words words = words_of(text);
  Choice choice(row_of(flag, table, text, words));
  set_options(flag, text, words, choice);
  return choice;
}

std::vector<Choice> parse_choices(const char* flag, const Table& table, const std::vector<std::string>& words) {
  std::vector<Choice> choices;
  for (const std::string& word : words) {
    Choice choice = parse_choice(flag, table, word);
    for (const Choice& each : choices)
      if (&each.row() == &choice.row())
        throw Failure(Exit::usage, fmt::format("--{} names `{}` twice", flag, choice.row().name));
    choices.push_back(std::move(choice));
  }
  return choices;
}

Choice changed_choice(const char* flag, const Table& table, const Choice& old, const std::string& text) {
  const Words words = words_of(text);
  const Row& row = row_of(flag, table, text, words);
  Choice choice = &row == &old.row() ? old : Choice(row);
  const int decay = row.find("weight_decay");
  if (decay >= 0)
    choice[decay] = old.value_or("weight_decay", choice[decay]);
  set_options(flag, text, words, choice);
  return choice;
}

Choice changed_options(const char* flag, const Choice& old, const std::vector<std::string>& words) {
  Choice choice = old;
  for (const std::string& word : words)
    set_options(flag, word, {old.row().name, {word.find('=') == std::string::npos ? word + "=" : word}}, choice);
  return choice;
}

std::string rows_with(const Table& table, const std::string& option) {
  std::vector<std::string> names;
  for (const Row& row : table)
    if (row.find(option) >= 0)
      names.emplace_back(row.name);
  return joined(names);
}

std::string choice_text(const Choice& choice) {
  std::vector<std::string> options;
  for (int i = 0; i < choice.row().count(); ++i)
    options.push_back(std::string(choice.row().options[i].name) + " = " +
                      number_text(choice.row().options[i], choice[i]));
  return choice.row().name + (options.empty() ? "" : "(" + joined(options) + ")");
}

std::string table_text(const Table& table) {
  std::vector<std::string> rows;
  for (const Row& row : table)
    rows.push_back(choice_text(Choice(row)));
  return joined(rows);
}

} // namespace rvb::runtime
