#include "start/command_line.h"

#include "base/failure.h"
#include "base/files.h"
#include "base/messages.h"
#include "commands/commands.h"
#include "core/core.h"
#include "options/declare.h"
#include "start/process.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <stdexcept>
#include <system_error>
#include <unistd.h>

namespace rvb::runtime {

namespace {

bool colored(const std::string& choice) {
  if (choice != "auto")
    return choice == "always";
  const char* term = std::getenv("TERM");
  return std::getenv("NO_COLOR") == nullptr && ::isatty(2) != 0 && (term == nullptr || std::string(term) != "dumb");
}

int complain(const std::string& color, Exit exit, const std::string& text) {
  try {
    flush_output(); // what was printed before it went wrong
  } catch (const Failure&) {
  }
  bool red = colored(color);
  tell("{}error:{} {}\n", red ? "\033[1;31m" : "", red ? "\033[0m" : "", text);
  if (exit == Exit::usage)
    tell("see --help\n");
  if (exit == Exit::internal)
    tell("this is a bug in rvbc or its runtime, not in your data; please report it\n");
  return static_cast<int>(exit);
}

// What a line says apart from the options of a command.
struct Common {
  std::string color = "auto";
  bool help = false, help_all = false, version = false, verify = false;
};

class CommandLine {
public:
  CommandLine(const std::string& name, const rvb_program& program, const Manifest& manifest, const Command* commands,
              int count, Common& common)
      : name_(name), program_(program), manifest_(manifest), commands_(commands), count_(count), common_(common) {}

  int run(const std::vector<std::string>& words) {
    Arguments global;
    declare_common(global);
    std::vector<std::string> rest = global.parse(words);
    if (common_.help || common_.help_all)
      return say(common_.help_all ? all_help() : short_help());
    if (common_.version)
      return say(fmt::format("{} ({}, {}, source {})\n", manifest_.name, manifest_.compiler, manifest_.target,
                             manifest_.source_hash));
    if (common_.verify)
      return run_addonly({program_, manifest_, options_});
    if (rest.empty()) {
      tell_text(short_help());
      return static_cast<int>(Exit::usage);
    }
    const Command& command = find(rest[0]);
    Arguments arguments = options_of(command);
    std::vector<std::string> more = arguments.parse({rest.begin() + 1, rest.end()});
    if (common_.help || common_.help_all)
      return say(command_help(command));
    if (!more.empty())
      throw Failure(Exit::usage, fmt::format("unexpected argument `{}` after `{}`", more[0], command.name));
    rvb_set_threads(thread_count(options_.threads));
    return command.run({program_, manifest_, options_});
  }

private:
  void declare_common(Arguments& arguments) {
    arguments.flag("help", 'h', common_.help, "this help");
    arguments.flag("help-all", 0, common_.help_all, "the help of every command");
    arguments.flag("version", 0, common_.version, "what this program was compiled from");
    arguments.choice(
        "color", {"auto", "always", "never"}, [this](const std::string& word) { common_.color = word; },
        "of messages; NO_COLOR is respected");
    if (manifest_.deployed) {
      arguments.flag("verify-addonly", 0, common_.verify,
                     "list the multiplies found in the synaptic machine code; exit code 3 when there are any");
      declare_json(arguments, options_);
    }
  }

  Arguments options_of(const Command& command) {
    Arguments arguments;
    command.declare(arguments, options_, manifest_.deployed);
    arguments.flag("help", 'h', common_.help, "this help");
    arguments.choice(
        "color", {"auto", "always", "never"}, [this](const std::string& word) { common_.color = word; },
        "of messages; NO_COLOR is respected");
    return arguments;
  }

  const Command& find(const std::string& word) const {
    std::vector<std::string> known;
    for (int i = 0; i < count_; ++i) {
      if (word == commands_[i].name)
        return commands_[i];
      known.push_back(commands_[i].name);
    }
    throw Failure(Exit::usage, "unknown command `" + word + "`" + suggestion(word, known));
  }

  int say(const std::string& text) const {
    print(text);
    return 0;
  }

  std::string short_help() {
    std::string text = fmt::format("{}: a spiking network compiled by rvbc\n\nexample: {} {}\n\ncommands:\n",
                                   manifest_.name, name_, commands_[0].example);
    size_t width = 8;
    for (int i = 0; i < count_; ++i)
      width = std::max(width, std::string(commands_[i].name).size());
    for (int i = 0; i < count_; ++i)
      text += fmt::format("  {:<{}}  {}\n", commands_[i].name, width, commands_[i].summary);
    Arguments global;
    declare_common(global);
    return text + "\noptions:\n" + global.help() +
           fmt::format("\n`{} COMMAND --help` lists the options of a command.\n"
                       "exit codes: 0 ok, 1 wrong data, 2 wrong usage, 3 below --min-acc or verification failed,\n"
                       "4 CPU or weights do not fit, 5 a file, memory or threads are missing, 130 stopped by a signal "
                       "after saving\n",
                       name_);
  }

  std::string command_help(const Command& command) {
    Arguments arguments = options_of(command);
    return fmt::format("{} {}: {}\n\nexample: {} {}\n\nusage: {} {} {}\n{}", name_, command.name, command.summary,
                       name_, command.example, name_, command.name, arguments.usage(), arguments.help());
  }

  std::string all_help() {
    std::string text = short_help();
    for (int i = 0; i < count_; ++i)
      text += "\n" + command_help(commands_[i]);
    return text;
  }

  std::string name_;
  const rvb_program& program_;
  const Manifest& manifest_;
  const Command* commands_;
  int count_;
  Common& common_;
  Options options_;
};

} // namespace

int run_command_line(int argc, char** argv, const rvb_program& program, const Command* commands, int count) {
  const Process process;
  Common common;
  try {
    if (program.version != RVB_PROGRAM_VERSION)
      throw Failure(Exit::internal, "the program and its runtime are of different versions");
    check_data(program); // before anything of it is believed
    Manifest manifest = parse_manifest(program.manifest);
    std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
    std::string name = argc > 0 ? argv[0] : manifest.name;
    int code = CommandLine(name, program, manifest, commands, count, common).run(words);
    flush_output();
    return code;
  } catch (const Failure& failure) {
    return complain(common.color, failure.exit, failure.what());
  } catch (const std::bad_alloc&) {
    return complain(common.color, Exit::io, out_of_memory);
  } catch (const std::length_error&) { // more elements than there can be bytes
    return complain(common.color, Exit::io, out_of_memory);
  } catch (const std::system_error& error) { // a lock or a thread, as memory and processes are
    return complain(common.color, Exit::io, std::string("the system refuses a thread or a lock: ") + error.what());
  } catch (const std::exception& error) {
    return complain(common.color, Exit::internal, error.what());
  }
}

} // namespace rvb::runtime
