// The command line as a table: what --help prints, for shells (completion.cpp) and for man (manual.cpp).
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace rvb::driver {

struct OptionText {
  std::vector<std::string> names;   // "-o", "--output"; of an argument without one: what stands for it
  std::string value;                // what stands for its value; "" for a flag
  std::vector<std::string> choices; // of the value, where they are known
  std::string help;
};

struct CommandText {
  std::string name, help;
  std::vector<OptionText> arguments, options;
};

std::vector<CommandText> command_table(const CLI::App& app);

// A script for bash, zsh or fish that completes what is typed after rvbc.
std::string completion(const std::vector<CommandText>& commands, const std::string& shell);
// rvbc(1), in troff.
std::string manual(const std::vector<CommandText>& commands);

} // namespace rvb::driver
