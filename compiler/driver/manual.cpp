// rvbc(1): the command line as --help has it, and what stands in no help: exit codes, variables, files.
#include "driver/commands.h"

#include <fmt/format.h>

namespace rvb::driver {

namespace {

// A text for troff: backslashes and leading dots are no commands, hyphens no dashes.
std::string troff(const std::string& text) {
  std::string result;
  for (const char c : text)
    result += c == '\\' ? "\\e" : c == '-' ? "\\-" : std::string(1, c);
  return (result.empty() || (result[0] != '.' && result[0] != '\'') ? "" : "\\&") + result;
}

std::string bold(const std::string& text) {
  return "\\fB" + troff(text) + "\\fR";
}

std::string entry(const OptionText& option, bool argument) {
  std::string names;
  for (const std::string& name : option.names)
    names += (names.empty() ? "" : ", ") + (argument ? "\\fI" + troff(name) + "\\fR" : bold(name));
  if (!argument && !option.choices.empty())
    names += " " + troff(fmt::format("{}", fmt::join(option.choices, "|")));
  else if (!argument && !option.value.empty())
    names += " \\fI" + troff(option.value) + "\\fR";
  return ".TP\n" + names + "\n" + troff(option.help) + "\n";
}

const char* const after = R"(.SH EXIT STATUS
0: done. 1: a mistake in the network or the data. 2: in the command line. 3: a check failed. 4: weights or CPU do not fit.
5: the machine refused something: a file, disk space, memory, a linker. 70: a bug in rvbc. 130: stopped after saving.
.SH ENVIRONMENT
.TP
\fBCXX\fR
the C++ compiler that links (c++)
.TP
\fBRVB_CACHE_DIR\fR
where compiled kernels and decoded data are kept
.TP
\fBRVB_STDLIB\fR, \fBRVB_LIBRARY\fR, \fBRVB_INCLUDE\fR, \fBRVB_EXAMPLES\fR
the standard library, the runtime's archives, its headers and the examples, where they do not lie next to rvbc
.TP
\fBRVB_DATA\fR, \fBRVB_THREADS\fR, \fBRVB_DATA_CACHE_SIZE\fR
of compiled programs: a data folder, a number of threads, the size of the cache of decoded data
.SH FILES
.TP
\fI~/.cache/rvb\fR
compiled kernels, at most 1 GiB, and decoded data
.SH SEE ALSO
The compiled program's own \fB\-\-help\fR; the manual of the language, LANGUAGE.md, and the README of the runtime.
)";

} // namespace

std::string manual(const std::vector<CommandText>& commands) {
  std::string text =
      fmt::format(".TH RVBC 1 \"\" \"rvbc {}\" \"User Commands\"\n"
                  ".SH NAME\nrvbc \\- compile ReverB spiking networks to native programs\n.SH SYNOPSIS\n"
                  ".B rvbc\n\\fImodel.rvb\\fR [\\fIoptions\\fR]\n.br\n"
                  ".B rvbc\n\\fIcommand\\fR [\\fIoptions\\fR] \\fI...\\fR\n.SH DESCRIPTION\n"
                  "Without a command, a model is built: a program that trains, evaluates and explains the "
                  "network.\n.SH COMMANDS\n",
                  RVB_VERSION);
  for (const CommandText& command : commands) {
    text += ".SS rvbc " + troff(command.name);
    for (const OptionText& argument : command.arguments)
      text += " " + troff(argument.names[0]);
    text += "\n" + troff(command.help) + "\n";
    for (const OptionText& argument : command.arguments)
      text += entry(argument, true);
    for (const OptionText& option : command.options)
      text += entry(option, false);
  }
  return text + after;
}

} // namespace rvb::driver
