#include "build/linking/toolchain.h"

#include "build/frontend.h"
#include "host/children.h"
#include "host/output.h"
#include "host/paths.h"

#include <cstdlib>
#include <filesystem>
#include <sys/wait.h>
#include <unistd.h>

namespace rvb::build {

namespace {

// As a shell does, without its variables: spaces separate words where they are not quoted.
std::vector<std::string> split_words(const std::string& text) {
  std::vector<std::string> words;
  bool inside = false; // of a word
  char quote = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == 0 && (c == ' ' || c == '\t' || c == '\n')) {
      inside = false;
      continue;
    }
    if (!inside)
      words.emplace_back();
    inside = true;
    if (quote == 0 && (c == '\'' || c == '"'))
      quote = c;
    else if (c == quote)
      quote = 0;
    else if (c == '\\' && quote != '\'' && i + 1 < text.size())
      words.back() += text[++i];
    else
      words.back() += c;
  }
  return words;
}

// CXX as make and CMake take it: a program with its first arguments, quoted as for a shell; a program whose path has
// spaces may also stand there by itself. Empty: it is not set.
std::vector<std::string> named_compiler() {
  const char* variable = std::getenv("CXX");
  const std::string text = variable == nullptr ? "" : variable;
  if (text.find('/') != std::string::npos && access(text.c_str(), X_OK) == 0)
    return {text};
  return split_words(text);
}

// Whether a compiler, asked what it compiles for, names this architecture: "aarch64-linux-gnu".
bool makes(std::vector<std::string> compiler, const targets::Architecture& architecture) {
  const TemporaryFolder folder;
  const std::string out = folder.path() + "/machine";
  compiler.emplace_back("-dumpmachine");
  const int status = run({compiler, out, folder.path() + "/said", "", folder.path()});
  const std::string triple = architecture.triple;
  const std::string processor = triple.substr(0, triple.find('-') + 1);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 && read_text(out).rfind(processor, 0) == 0;
}

bool is_there(const std::string& program) {
  try {
    find_program(program);
    return true;
  } catch (const Failure&) {
    return false;
  }
}

} // namespace

std::string archives_for(const targets::Target& target) {
  return target.architecture->is_here() ? library_folder() : library_folder() + "/" + target.architecture->name;
}

Toolchain toolchain_for(const targets::Target& target) {
  const targets::Architecture& architecture = *target.architecture;
  const std::vector<std::string> named = named_compiler();
  Toolchain result{named, "ar"};
  if (architecture.is_here()) {
    if (named.empty())
      result.compiler = {"c++"};
    return result;
  }
  const std::string tools = architecture.tools;
  result.archiver = tools + "ar";
  if (named.empty() || !is_there(named[0]) || !makes(named, architecture)) // CXX is this machine's compiler, mostly
    result.compiler = {tools + "g++"};
  return result;
}

void require_toolchain(const targets::Target& target, const Options& options) {
  const targets::Architecture& architecture = *target.architecture;
  if (architecture.is_here())
    return;
  const Toolchain toolchain = toolchain_for(target);
  Diagnostics diagnostics;
  for (const std::string& program : {toolchain.compiler[0], toolchain.archiver}) {
    if (!diagnostics.empty() || is_there(program))
      continue;
    Diagnostic& diagnostic = diagnostics.report(
        Code::no_toolchain, {}, "programs for " + target.name + " cannot be linked: `" + program + "` is not in PATH");
    diagnostic.help(std::string("install the package ") + architecture.tools_package +
                    " (Debian's name), or name another compiler for " + architecture.name + " with CXX");
  }
  std::error_code error;
  const std::string archives = archives_for(target);
  if (!std::filesystem::is_directory(archives, error)) {
    Diagnostic& diagnostic = diagnostics.report(Code::no_toolchain, {},
                                                "this rvbc was built without the runtime for " + target.name + ": " +
                                                    archives + " is missing");
    diagnostic.help(std::string("build rvbc where the package ") + architecture.tools_package +
                    " is installed, or copy that folder from another build of this version");
  }
  if (!diagnostics.empty())
    stop_with(Sources(), diagnostics, options, Exit::io);
}

} // namespace rvb::build
