// Rows of the recipe's tables as words of the command line: `flip`, `crop=8`, `sgd(momentum=0.8)`.
#pragma once

#include "recipe/recipe.h"

#include <string>
#include <vector>

namespace rvb::runtime {

// Failure(usage) names `--flag`, what is wrong, and what is known.
recipe::Choice parse_choice(const char* flag, const recipe::Table& table, const std::string& text);
// Each row at most once.
std::vector<recipe::Choice> parse_choices(const char* flag, const recipe::Table& table,
                                          const std::vector<std::string>& words);
// The row of `old` keeps the options that `text` does not name; another row has its defaults and the old weight decay.
recipe::Choice changed_choice(const char* flag, const recipe::Table& table, const recipe::Choice& old,
                              const std::string& text);

// `old` with "latents=2", word by word.
recipe::Choice changed_options(const char* flag, const recipe::Choice& old, const std::vector<std::string>& words);

// "sgd, rmsprop": the rows that have this option.
std::string rows_with(const recipe::Table& table, const std::string& option);
// "crop(padding = 4)", as recipes and the command line take it.
std::string choice_text(const recipe::Choice& choice);
// Every row with its defaults, for help texts: "flip, crop(padding = 4)".
std::string table_text(const recipe::Table& table);

} // namespace rvb::runtime
