#include "driver/link.h"

#include "driver/paths.h"
#include "support/result.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

namespace rvb::driver {

namespace fs = std::filesystem;

namespace {

std::string linker() {
  const char* cxx = std::getenv("CXX");
  return cxx != nullptr && *cxx != 0 ? cxx : "c++";
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path);
  return std::string((std::istreambuf_iterator<char>(in)), {});
}

// `lib/rvb/trainable.flags`: archives and -l flags, one line, written by the runtime's build.
std::vector<std::string> link_flags(Kind kind) {
  std::string name = kind == Kind::trainable ? "trainable.flags" : "deployed.flags";
  fs::path path = fs::path(library_folder()) / name;
  std::string text = read_file(path);
  if (text.empty())
    throw Failure(Exit::io, "cannot read " + path.string() + ": the runtime is not installed beside rvbc");
  std::vector<std::string> flags;
  std::istringstream words(text);
  for (std::string word; words >> word;)
    flags.push_back(word);
  return flags;
}

void move_into_place(const fs::path& from, const std::string& output) {
  fs::path temporary = output + "." + std::to_string(getpid()) + ".tmp";
  std::error_code error;
  fs::copy_file(from, temporary, fs::copy_options::overwrite_existing, error);
  if (!error)
    fs::rename(temporary, output, error);
  if (error) {
    std::error_code ignored;
    fs::remove(temporary, ignored);
    throw Failure(Exit::io, "cannot write " + output + ": " + error.message());
  }
}

// The program's status; its standard output and error go to files of the folder (one file, when they are the same).
int run_in(const std::string& folder, const std::vector<std::string>& command, const std::string& out,
           const std::string& error) {
  pid_t child = fork();
  if (child < 0)
    throw Failure(Exit::io, "cannot start " + command[0]);
  if (child == 0) {
    int file = open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(file, 1);
    dup2(out == error ? file : open(error.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 2);
    if (chdir(folder.c_str()) != 0)
      _exit(127);
    std::vector<char*> arguments;
    for (const std::string& word : command)
      arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    execvp(arguments[0], arguments.data());
    dprintf(2, "%s: %s\n", arguments[0], std::strerror(errno));
    _exit(127);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

} // namespace

std::string run_program(const std::string& folder, const std::vector<std::string>& command) {
  std::string out = folder + "/program.out", log = folder + "/program.log";
  int status = run_in(folder, command, out, log);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
    return read_file(out);
  throw Failure(WIFEXITED(status) ? static_cast<Exit>(WEXITSTATUS(status)) : Exit::internal,
                "calibration failed: " + read_file(log));
}

void run_tool(const std::string& folder, const std::vector<std::string>& command) {
  std::string log = folder + "/tool.log";
  int status = run_in(folder, command, log, log);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw Failure(WIFEXITED(status) && WEXITSTATUS(status) == 127 ? Exit::io : Exit::internal,
                  "`" + command[0] + "` failed (rvbc links with the system's C++ compiler; CXX names another):\n" +
                      read_file(log));
}

void assemble(const std::string& folder, const std::string& name) {
  run_tool(folder, {linker(), "-c", "-x", "assembler", "-Wa,-I.", name + ".s", "-o", name + ".o"});
}

void link_executable(const std::string& folder, const std::vector<std::string>& objects, Kind kind,
                     const std::string& output) {
  std::vector<std::string> command{linker(), "-o", "program"};
  command.insert(command.end(), objects.begin(), objects.end());
  command.push_back("-L" + library_folder());
  for (const std::string& flag : link_flags(kind))
    command.push_back(flag);
  command.insert(command.end(), {"-fopenmp", "-static-libstdc++", "-static-libgcc", "-Wl,--gc-sections",
                                 "-Wl,--as-needed", "-Wl,--build-id=none"});
  // Who profiles or debugs training wants names; a deployed program is to be small.
  command.push_back(kind == Kind::deployed ? "-Wl,--strip-all" : "-Wl,--strip-debug");
  run_tool(folder, command);
  move_into_place(folder + "/program", output);
}

void make_library(const std::string& folder, const std::vector<std::string>& objects, const std::string& output) {
  run_tool(folder, {"ar", "x", library_folder() + "/librvb_capi.a"});
  // D: no times, owners or numbers, so that equal inputs give equal bytes.
  std::vector<std::string> command{"ar", "rcsD", "library.a"};
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
  run_tool(folder, command);
  move_into_place(folder + "/library.a", output);
}

} // namespace rvb::driver
