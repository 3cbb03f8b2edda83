#include "driver/commands.h"

#include <CLI/CLI.hpp>

namespace rvb::driver {

namespace {

// "TEXT:{f32,i32,i16}", "INT:INT in [1 - 256]" of CLI11: the name, and the choices where there are any.
void read_value(const std::string& type, OptionText& text) {
  const size_t open = type.find(":{");
  text.value = type.substr(0, type.find(':'));
  if (open == std::string::npos || type.back() != '}')
    return;
  const std::string list = type.substr(open + 2, type.size() - open - 3);
  text.choices = CLI::detail::split(list, ',');
}

OptionText describe(const CLI::Option& option) {
  OptionText text;
  for (const std::string& name : option.get_snames())
    text.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames())
    text.names.push_back("--" + name);
  if (text.names.empty())
    text.names.push_back(option.get_name());
  if (option.get_items_expected_max() > 0)
    read_value(option.get_type_name(), text);
  text.help = option.get_description();
  return text;
}

} // namespace

std::vector<CommandText> command_table(const CLI::App& app) {
  std::vector<CommandText> commands;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    CommandText command{sub->get_name(), sub->get_description(), {}, {}};
    for (const CLI::Option* option : sub->get_options())
      (option->get_positional() ? command.arguments : command.options).push_back(describe(*option));
    commands.push_back(std::move(command));
  }
  return commands;
}

} // namespace rvb::driver
