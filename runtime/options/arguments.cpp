#include "options/arguments.h"

#include "base/failure.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fmt/format.h>

namespace rvb::runtime {

namespace {

size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t next = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
      diagonal = row[j];
      row[j] = next;
    }
  }
  return row.back();
}

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i)
    text += (i == 0 ? "" : between) + words[i];
  return text;
}

[[noreturn]] void refuse(const std::string& name, const std::string& word, const std::string& expected) {
  throw Failure(Exit::usage, "--" + name + " is `" + word + "`; expected " + expected);
}

} // namespace

std::string suggestion(const std::string& word, const std::vector<std::string>& known) {
  std::string best;
  size_t least = std::max<size_t>(3, word.size() / 2); // farther away it would be a guess
  for (const std::string& candidate : known)
    if (size_t distance = edit_distance(word, candidate); distance < least) {
      least = distance;
      best = candidate;
    }
  return best.empty() ? "" : "; did you mean `" + best + "`?";
}

void Arguments::flag(const char* name, char letter, bool& target, const std::string& help) {
  options_.push_back({name, "", letter, [&target](const std::string&) { target = true; }, help});
}

void Arguments::flag(const char* name, std::function<void()> set, const std::string& help) {
  options_.push_back({name, "", 0, [set](const std::string&) { set(); }, help});
}

void Arguments::text(const char* name, char letter, const char* value, std::string& target, const std::string& help) {
  options_.push_back({name, value, letter, [&target](const std::string& word) { target = word; }, help});
}

void Arguments::choice(const char* name, const std::vector<std::string>& choices,
                       std::function<void(const std::string&)> set, const std::string& help) {
  std::string title = name;
  auto check = [title, choices, set](const std::string& word) {
    if (std::find(choices.begin(), choices.end(), word) == choices.end())
      refuse(title, word, joined(choices, ", "));
    set(word);
  };
  options_.push_back({name, joined(choices, "|"), 0, check, help});
}

void Arguments::checked(const char* name, const char* value, const std::string& expected,
                        std::function<bool(const std::string&)> set, const std::string& help) {
  std::string title = name;
  auto check = [title, expected, set](const std::string& word) {
    if (!set(word))
      refuse(title, word, expected);
  };
  options_.push_back({name, value, 0, check, help});
}

void Arguments::row(const char* name, const recipe::Table& table, std::function<void(const std::string&)> set,
                    const std::string& help) {
  options_.push_back({name, joined(table.names(), "|"), 0, std::move(set), help});
}

void Arguments::whole(const char* name, char letter, int64_t low, int64_t high, std::function<void(int64_t)> set,
                      const std::string& help) {
  std::string title = name;
  auto check = [title, low, high, set](const std::string& word) {
    char* end = nullptr;
    errno = 0;
    long long value = std::strtoll(word.c_str(), &end, 10);
    if (word.empty() || *end != 0 || errno != 0 || value < low || value > high)
      refuse(title, word, fmt::format("an integer from {} to {}", low, high));
    set(value);
  };
  options_.push_back({name, "N", letter, check, help});
}

void Arguments::real(const char* name, double low, double high, std::function<void(double)> set,
                     const std::string& help) {
  std::string title = name;
  auto check = [title, low, high, set](const std::string& word) {
    char* end = nullptr;
    double value = std::strtod(word.c_str(), &end);
    if (word.empty() || *end != 0 || !(value >= low && value <= high))
      refuse(title, word, fmt::format("a number from {} to {}", low, high));
    set(value);
  };
  options_.push_back({name, "X", 0, check, help});
}

void Arguments::each(const char* name, const char* value, std::vector<std::string>& target, const std::string& help) {
  options_.push_back({name, value, 0, [&target](const std::string& word) { target.push_back(word); }, help});
}

void Arguments::words(const char* name, char letter, const char* value, std::vector<std::string>& target,
                      const std::string& help) {
  auto split = [&target, name](const std::string& word) {
    target.clear();
    for (size_t at = 0; at <= word.size();) {
      size_t comma = at;
      for (int depth = 0; comma < word.size() && (word[comma] != ',' || depth > 0); ++comma)
        depth += word[comma] == '(' ? 1 : word[comma] == ')' ? -1 : 0;
      if (comma == at)
        refuse(name, word, "entries with one comma between two");
      target.push_back(word.substr(at, comma - at));
      at = comma + 1;
    }
  };
  options_.push_back({name, value, letter, split, help});
}

void Arguments::positional(const char* value, std::string& target) {
  positional_name_ = value;
  positional_ = &target;
}

const Arguments::Option* Arguments::find(const std::string& word) const {
  std::vector<std::string> known;
  for (const Option& option : options_) {
    if (word == "--" + option.name || (option.letter != 0 && word == std::string("-") + option.letter))
      return &option;
    known.push_back("--" + option.name);
  }
  if (others_ != nullptr)
    return nullptr;
  throw Failure(Exit::usage, "unknown option `" + word + "`" + suggestion(word, known));
}

std::vector<std::string> Arguments::parse(std::vector<std::string> words) const {
  bool options_end = false, seen = false;
  for (size_t i = 0; i < words.size(); ++i) {
    std::string word = words[i];
    if (options_end || word.size() < 2 || word[0] != '-') {
      if (others_ != nullptr) {
        others_->push_back(word);
        continue;
      }
      if (positional_ == nullptr || seen)
        return {words.begin() + static_cast<std::ptrdiff_t>(i), words.end()};
      *positional_ = word;
      seen = true;
      continue;
    }
    if (word == "--") {
      options_end = true;
      continue;
    }
    size_t equals = word.rfind("--", 0) == 0 ? word.find('=') : std::string::npos;
    const Option* known = find(word.substr(0, equals));
    if (known == nullptr) {
      others_->push_back(word);
      continue;
    }
    const Option& option = *known;
    if (option.value.empty()) {
      if (equals != std::string::npos)
        throw Failure(Exit::usage, "--" + option.name + " takes no value");
      option.set("");
    } else {
      std::string value;
      if (equals != std::string::npos)
        value = word.substr(equals + 1);
      else if (i + 1 < words.size() && words[i + 1].rfind("--", 0) != 0)
        value = words[++i];
      if (value.empty()) // or a variable of a script that was not set, which would count as not given
        throw Failure(Exit::usage, "--" + option.name + " needs a value (" + option.value + ")");
      option.set(value);
    }
  }
  return {};
}

std::string Arguments::usage() const {
  return "[options]" + (positional_ == nullptr ? "" : " [" + positional_name_ + "]");
}

std::vector<std::string> Arguments::names() const {
  std::vector<std::string> names;
  for (const Option& option : options_)
    if (!option.value.empty())
      names.push_back(option.name);
  return names;
}

std::string Arguments::help() const {
  std::vector<std::string> heads;
  size_t width = 0;
  for (const Option& option : options_) {
    std::string letter = option.letter == 0 ? "    " : std::string("-") + option.letter + ", ";
    heads.push_back(letter + "--" + option.name + (option.value.empty() ? "" : " " + option.value));
    width = std::max(width, heads.back().size());
  }
  std::string text;
  for (size_t i = 0; i < heads.size(); ++i)
    text += fmt::format("  {:<{}}  {}\n", heads[i], width, options_[i].help);
  return text;
}

} // namespace rvb::runtime
