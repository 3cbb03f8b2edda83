#include "import/names.h"

#include "host/output.h"
#include "host/paths.h"
#include "support/result.h"
#include "support/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

namespace rvb::importing {

namespace {

constexpr int most_stars = 3;        // of a pattern: matching tries every length of each
constexpr size_t longest_name = 500; // that is matched

bool matches(std::string_view pattern, std::string_view name, std::vector<std::string>& captures) {
  const size_t star = pattern.find('*');
  if (star == std::string_view::npos)
    return pattern == name;
  if (name.substr(0, star) != pattern.substr(0, star))
    return false;
  const bool deep = pattern.substr(star, 2) == "**";
  const std::string_view rest = pattern.substr(star + (deep ? 2 : 1));
  name.remove_prefix(star);
  const size_t longest = deep ? name.size() : std::min(name.find('.'), name.size());
  for (size_t length = longest + 1; length-- > 0;) {
    captures.emplace_back(name.substr(0, length));
    if (matches(rest, name.substr(length), captures))
      return true;
    captures.pop_back();
  }
  return false;
}

std::string filled(const std::string& name, const std::vector<std::string>& captures) {
  std::string result;
  size_t next = 0;
  for (size_t i = 0; i < name.size(); ++i) {
    if (name[i] != '*') {
      result += name[i];
      continue;
    }
    result += captures[next++];
    if (name.compare(i, 2, "**") == 0)
      ++i;
  }
  return result;
}

// The wildcards of a pattern, one character each.
std::string stars_of(const std::string& pattern) {
  std::string stars;
  for (size_t i = pattern.find('*'); i != std::string::npos; i = pattern.find('*', i + 1)) {
    const bool deep = pattern.compare(i, 2, "**") == 0;
    stars += deep ? 'd' : 's';
    i += deep ? 1 : 0;
  }
  return stars;
}

std::string trimmed(std::string text) {
  const auto space = [](unsigned char c) { return std::isspace(c) != 0; };
  text.erase(std::find_if_not(text.rbegin(), text.rend(), space).base(), text.end());
  text.erase(text.begin(), std::find_if_not(text.begin(), text.end(), space));
  return text;
}

std::vector<std::string> library() {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(stdlib_folder() + "/maps", error))
    if (entry.path().extension() == ".map")
      names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

} // namespace

std::optional<std::string> NameMap::renamed(std::string name) const {
  for (const Rule& rule : rules) {
    std::vector<std::string> captures;
    if (name.size() > longest_name || !matches(rule.from, name, captures))
      continue;
    if (rule.to == "-")
      return std::nullopt;
    name = filled(rule.to, captures);
  }
  return name;
}

NameMap parse_map(const std::string& text, const std::string& path) {
  NameMap map;
  std::istringstream lines(text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    const auto fail = [&](const std::string& reason) {
      throw Failure(Exit::user, fmt::format("{}:{}: {}", printable(path, 300), number, reason));
    };
    line = trimmed(line.substr(0, line.find('#')));
    if (line.empty())
      continue;
    if (line == "by order") {
      map.by_order = true;
      continue;
    }
    const size_t arrow = line.find("->");
    if (arrow == std::string::npos)
      fail("a line is `PATTERN -> NAME` or `by order`, not `" + printable(line, 100) + "`");
    const Rule rule{trimmed(line.substr(0, arrow)), trimmed(line.substr(arrow + 2))};
    const std::string stars = stars_of(rule.from);
    if (rule.from.empty() || rule.to.empty() || stars.size() > most_stars)
      fail(fmt::format("a pattern and a name, with at most {} wildcards", most_stars));
    if (rule.to != "-" && stars_of(rule.to) != stars)
      fail("`*` and `**` stand in the name as they do in the pattern");
    map.rules.push_back(rule);
  }
  return map;
}

NameMap load_map(const std::string& which) {
  const std::vector<std::string> names = library();
  const bool known = std::find(names.begin(), names.end(), which) != names.end();
  if (!known && !std::filesystem::exists(which)) {
    const std::string near = nearest(which, names);
    throw Failure(Exit::usage,
                  fmt::format("--map takes {} or a file, and there is no file `{}`{}", fmt::join(names, ", "),
                              printable(which, 200), near.empty() ? "" : "; did you mean `" + near + "`?"));
  }
  const std::string path = known ? stdlib_folder() + "/maps/" + which + ".map" : which;
  return parse_map(read_text(path), path);
}

} // namespace rvb::importing
