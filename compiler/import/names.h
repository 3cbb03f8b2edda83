// Maps from the names of others to those of a network, a text of lines `PATTERN -> NAME`. In a pattern `*` stands for
// any characters but dots, `**` for any; in the name they stand for the same again, in order. `PATTERN -> -` leaves
// tensors out. Each rule rewrites what those before it have left. A line `by order` allows matching by order. `#`
// begins a comment.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace rvb::importing {

struct Rule {
  std::string from, to; // to "-": left out
};

struct NameMap {
  std::vector<Rule> rules;
  bool by_order = false;

  // Nothing: it is left out.
  std::optional<std::string> renamed(std::string name) const;
};

// Failure(user) names `path` and the line.
NameMap parse_map(const std::string& text, const std::string& path);
// A map of the library by its name, or a file.
NameMap load_map(const std::string& which);

} // namespace rvb::importing
