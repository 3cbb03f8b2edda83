#include "build/linking/link.h"

#include "build/deployment/seal.h"
#include "build/linking/toolchain.h"
#include "host/children.h"
#include "host/output.h"
#include "host/paths.h"
#include "support/result.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace rvb::build {

namespace fs = std::filesystem;

namespace {

// What a tool says goes to no disk: that may be the full one, and then nobody would say so.
class Log {
public:
  explicit Log(const std::string& otherwise)
      : file_(memfd_create("rvbc-log", MFD_CLOEXEC)), path_(fmt::format("/proc/{}/fd/{}", getpid(), file_)) {
    if (file_ < 0 || access(path_.c_str(), W_OK) != 0)
      path_ = otherwise;
  }
  ~Log() {
    if (file_ >= 0)
      close(file_);
  }
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  const std::string& path() const { return path_; }

private:
  int file_;
  std::string path_;
};

// The first lines of what a program said: one fault may have a line for every object.
std::string beginning(const std::string& log) {
  std::string text;
  try {
    text = read_text(log);
  } catch (const Failure&) { // it could not be written
  }
  size_t end = 0;
  for (int lines = 0; lines < 10 && end < text.size(); ++lines)
    end = std::min(text.find('\n', end), text.size() - 1) + 1;
  return end == text.size() ? text : text.substr(0, end) + "...\n";
}

// Tools do not always say that a disk is full (ar: "reason: Success"). Where no more can be written, that is the
// reason.
std::string no_room(const std::string& folder) {
  constexpr size_t piece = size_t{1} << 20;
  const std::string path = folder + "/room";
  std::string why;
  try {
    write_scratch(path, std::string(piece, '\0'));
  } catch (const Failure& failure) {
    why = std::string("\n") + failure.what();
  }
  unlink(path.c_str());
  return why;
}

void compile(const Toolchain& toolchain, const std::vector<std::string>& arguments, const std::string& folder) {
  std::vector<std::string> words = toolchain.compiler;
  words.insert(words.end(), arguments.begin(), arguments.end());
  try {
    run_tool(words, folder);
  } catch (const Failure& failure) {
    throw Failure(failure.exit,
                  std::string(failure.what()) + "\n(rvbc links with the system's C++ compiler; CXX names another)");
  }
}

} // namespace

std::vector<std::string> link_flags(Kind kind, const targets::Target& target) {
  std::string name = kind == Kind::trainable ? "trainable.flags" : "deployed.flags";
  fs::path path = fs::path(archives_for(target)) / name;
  std::string text = read_text(path.string());
  std::vector<std::string> flags;
  std::istringstream words(text);
  for (std::string word; words >> word;)
    flags.push_back(word);
  return flags;
}

std::string run_program(const std::string& purpose, const std::vector<std::string>& words, const std::string& folder) {
  const Log said(folder + "/program.log");
  const Command command{words, folder + "/program.out", said.path(), "", folder};
  const int status = run(command);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
    return read_text(command.out);
  const std::string log = beginning(command.error);
  throw Failure(WIFEXITED(status) ? static_cast<Exit>(WEXITSTATUS(status)) : Exit::io,
                purpose + " failed: " + (WIFEXITED(status) ? log : how_it_ended(status) + "\n" + log));
}

void run_tool(const std::vector<std::string>& words, const std::string& folder, bool inside) {
  const Log said(folder + "/tool.log");
  const std::string& log = said.path();
  const int status = run({words, log, log, inside ? folder : "", folder});
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw Failure(Exit::io,
                  "`" + words[0] + "` failed, " + how_it_ended(status) + ":\n" + beginning(log) + no_room(folder));
}

void assemble(const std::string& folder, const std::string& name, const targets::Target& target) {
  const std::string base = folder + "/" + name;
  // -Xassembler and not -Wa, which would cut a folder's name at its commas.
  compile(toolchain_for(target),
          {"-c", "-x", "assembler", "-Xassembler", "-I", "-Xassembler", folder, base + ".s", "-o", base + ".o"},
          folder);
}

void link_executable(const std::string& folder, const std::vector<std::string>& objects, Kind kind,
                     const targets::Target& target, const std::string& output) {
  const Toolchain toolchain = toolchain_for(target);
  std::vector<std::string> arguments{"-o", folder + "/program"};
  for (const std::string& object : objects)
    arguments.push_back(folder + "/" + object);
  arguments.push_back("-L" + archives_for(target));
  for (const std::string& flag : link_flags(kind, target))
    arguments.push_back(flag);
  // Read-only data have segments of their own, which the seal is over; GNU ld does so by itself on x86 alone.
  arguments.insert(arguments.end(), {"-fopenmp", "-static-libstdc++", "-static-libgcc", "-Wl,--gc-sections",
                                     "-Wl,--as-needed", "-Wl,--build-id=none", "-Wl,-z,separate-code"});
  // Who profiles or debugs training wants names; a deployed program is to be small.
  arguments.push_back(kind == Kind::deployed ? "-Wl,--strip-all" : "-Wl,--strip-debug");
  compile(toolchain, arguments, folder);
  if (kind == Kind::deployed)
    seal(folder + "/program");
  write_copy(output, folder + "/program", 0777);
}

void make_library(const std::string& folder, const std::vector<std::string>& objects, const targets::Target& target,
                  const std::string& output) {
  const Toolchain toolchain = toolchain_for(target);
  run_tool({toolchain.archiver, "x", archives_for(target) + "/librvb_capi.a"}, folder, true);
  // D: no times, owners or numbers, so that equal inputs give equal bytes.
  std::vector<std::string> command{toolchain.archiver, "rcsD", "library.a"};
  command.insert(command.end(), objects.begin(), objects.end());
  std::vector<std::string> members;
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::string name = entry.path().filename().string();
    bool ours = std::find(objects.begin(), objects.end(), name) != objects.end();
    if (entry.path().extension() == ".o" && !ours)
      members.push_back(name);
  }
  std::sort(members.begin(), members.end());
  command.insert(command.end(), members.begin(), members.end());
  run_tool(command, folder, true);
  write_copy(output, folder + "/library.a");
}

void make_shared_library(const std::string& folder, const std::vector<std::string>& objects,
                         const std::string& accessor, const targets::Target& target, const std::string& output) {
  const Toolchain toolchain = toolchain_for(target);
  // Nothing of it shows but the interface: several may be loaded into one process.
  write_scratch(folder + "/exports", "{ global: rvb_library; " + accessor +
                                         "; rvb_create; rvb_run; rvb_step; rvb_reset; rvb_free; rvb_message; "
                                         "rvb_evaluate; "
                                         "rvb_status_text; local: *; };\n");
  std::vector<std::string> arguments{"-shared", "-o", folder + "/library.so"};
  for (const std::string& object : objects)
    arguments.push_back(folder + "/" + object);
  arguments.insert(arguments.end(),
                   {"-Wl,--whole-archive", archives_for(target) + "/librvb_capi.a", "-Wl,--no-whole-archive",
                    "-fopenmp", "-lm", "-static-libgcc", "-Wl,--defsym=rvb_library=" + accessor,
                    "-Wl,--version-script=" + folder + "/exports", "-Wl,--gc-sections", "-Wl,--as-needed",
                    "-Wl,--build-id=none", "-Wl,--strip-all"});
  compile(toolchain, arguments, folder);
  write_copy(output, folder + "/library.so", 0777);
}

} // namespace rvb::build
