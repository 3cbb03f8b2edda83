// Scripts that complete rvbc's command line: commands first (or a model, which is what build takes), then the options
// of the command, then the values of an option where they are known; files otherwise.
#include "driver/commands.h"

#include <fmt/format.h>

namespace rvb::driver {

namespace {

// In single quotes, as shells read it.
std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text)
    result += c == '\'' ? "'\\''" : std::string(1, c);
  return result + "'";
}

std::string names_of(const CommandText& command) {
  std::string names;
  for (const OptionText& option : command.options)
    for (const std::string& name : option.names)
      names += (names.empty() ? "" : " ") + name;
  return names;
}

// Whether the values of an option are known, or are files.
bool of_choices(const OptionText& option) {
  return !option.choices.empty();
}

// The choices of a command's argument, separated by spaces; "" where it takes files.
std::string argument_choices(const CommandText& command) {
  return command.arguments.empty() ? "" : fmt::format("{}", fmt::join(command.arguments[0].choices, " "));
}

std::string bash(const std::vector<CommandText>& commands) {
  std::string all;
  for (const CommandText& command : commands)
    all += (all.empty() ? "" : " ") + command.name;
  std::string options, values, arguments;
  for (const CommandText& command : commands) {
    options += fmt::format("    {}) words='{}' ;;\n", command.name, names_of(command));
    if (const std::string choices = argument_choices(command); !choices.empty())
      arguments += fmt::format("    {}:-*) ;;\n    {}:*) words='{}' ;;\n", command.name, command.name, choices);
    for (const OptionText& option : command.options)
      if (of_choices(option))
        for (const std::string& name : option.names)
          values += fmt::format("    {}:{}) words='{}' ;;\n", command.name, name, fmt::join(option.choices, " "));
  }
  return fmt::format(R"(# bash completion of rvbc; made by `rvbc completion bash`
_rvbc() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}} command=build words= word
  # bash makes words of their own of the = of --option=value
  [ "$current" != = ] || current=
  [ "$previous" != = ] || previous=${{COMP_WORDS[COMP_CWORD - 2]}}
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD - 1}}"; do
    case " {0} " in *" $word "*) command=$word; break ;; esac
  done
  case $command:$previous in
{1}  esac
  if [ -n "$words" ]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    return
  fi
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W '{0} --help --version' -- "$current"))
    return
  fi
  case $command:$current in
{3}    *:-*) ;;
    *) return ;;
  esac
  if [ -n "$words" ]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    return
  fi
  case $command in
{2}  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -o bashdefault -o default -F _rvbc rvbc
)",
                     all, values, options, arguments);
}

// In an _arguments specification [ ] and : have a meaning.
std::string zsh_text(const std::string& text) {
  std::string result;
  for (const char c : text)
    result += (c == '[' || c == ']' || c == ':' || c == '\\' ? "\\" : "") + std::string(1, c);
  return result;
}

std::string zsh(const std::vector<CommandText>& commands) {
  std::string list, cases;
  for (const CommandText& command : commands) {
    list += "    " + quoted(zsh_text(command.name) + ":" + command.help) + "\n";
    cases += fmt::format("    {}) _arguments -s", command.name);
    for (const OptionText& option : command.options)
      for (const std::string& name : option.names) {
        std::string spec = (option.names.size() > 1 ? "(" + fmt::format("{}", fmt::join(option.names, " ")) + ")" : "");
        spec += name + (option.value.empty() ? "" : name.size() == 2 ? "+" : "=");
        spec += "[" + zsh_text(option.help) + "]";
        if (!option.value.empty())
          spec += ":" + zsh_text(option.value) + ":" +
                  (of_choices(option) ? fmt::format("({})", fmt::join(option.choices, " ")) : "_files");
        cases += " \\\n      " + quoted(spec);
      }
    const std::string choices = argument_choices(command);
    cases += " \\\n      " + quoted(choices.empty() ? "*:file:_files" : "1:what:(" + choices + ")") + " ;;\n";
  }
  return fmt::format(R"(#compdef rvbc
# zsh completion of rvbc; made by `rvbc completion zsh`
_rvbc() {{
  local -a commands
  local command=build
  commands=(
{0}  )
  if (( CURRENT == 2 )); then
    _describe command commands
    _files
    return
  fi
  if [[ -n ${{commands[(r)${{words[2]}}:*]}} ]]; then
    command=${{words[2]}}
    shift words
    (( CURRENT-- ))
  fi
  case $command in
{1}  esac
}}
if [ "$funcstack[1]" = _rvbc ]; then _rvbc "$@"; else compdef _rvbc rvbc; fi
)",
                     list, cases);
}

std::string fish(const std::vector<CommandText>& commands) {
  std::string text = "# fish completion of rvbc; made by `rvbc completion fish`\n";
  for (const CommandText& command : commands)
    text += fmt::format("complete -c rvbc -n __fish_use_subcommand -a {} -d {}\n", command.name, quoted(command.help));
  for (const CommandText& command : commands) {
    if (const std::string choices = argument_choices(command); !choices.empty())
      text += fmt::format("complete -c rvbc -n '__fish_seen_subcommand_from {}' -x -a '{}'\n", command.name, choices);
    for (const OptionText& option : command.options) {
      // A model stands for `build`.
      const std::string when = command.name == "build"
                                   ? "not __fish_use_subcommand; and not __fish_seen_subcommand_from " +
                                         [&] {
                                           std::string others;
                                           for (const CommandText& other : commands)
                                             if (other.name != "build")
                                               others += " " + other.name;
                                           return others.substr(1);
                                         }()
                                   : "__fish_seen_subcommand_from " + command.name;
      text += "complete -c rvbc -n " + quoted(when);
      for (const std::string& name : option.names)
        text += name.size() == 2 ? " -s " + name.substr(1) : " -l " + name.substr(2);
      if (!option.value.empty())
        text += of_choices(option) ? " -x -a " + quoted(fmt::format("{}", fmt::join(option.choices, " "))) : " -r";
      text += " -d " + quoted(option.help) + "\n";
    }
  }
  return text;
}

} // namespace

std::string completion(const std::vector<CommandText>& commands, const std::string& shell) {
  return shell == "zsh" ? zsh(commands) : shell == "fish" ? fish(commands) : bash(commands);
}

} // namespace rvb::driver
