// Text in, text out. Every folder of cases has one meaning:
//   check/   NAME.rvb -> NAME.expected: the checked program, or the diagnostics as a user sees them
//   format/  NAME.rvb -> NAME.expected: what `rvbc fmt` makes of it; formatting that again must change nothing
// A first line `// -D T=3 -D name=value` sets params. Usage: language_files [--update] FOLDER STDLIB; --update rewrites
// the expectations instead of comparing.
#include "program_text.h"
#include "sema/check.h"
#include "support/render.h"
#include "syntax/parse.h"
#include "syntax/print.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

using namespace rvb;
namespace fs = std::filesystem;

namespace {

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string check(const std::string& text, const std::string& stdlib) {
  sema::Options options;
  options.stdlib = stdlib;
  std::istringstream first(text.substr(0, text.find('\n')));
  for (std::string word; first >> word;)
    if (word == "-D" && first >> word)
      options.defines[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
  Sources sources;
  const int file = sources.add("case.rvb", text);
  Diagnostics diagnostics;
  const auto program = sema::check(sources, file, options, diagnostics);
  std::string out = render(sources, diagnostics, {});
  for (size_t at = out.find(stdlib); at != std::string::npos; at = out.find(stdlib))
    out.replace(at, stdlib.size(), "STDLIB");
  return out + (program ? (out.empty() ? "" : "\n") + program_text(*program) : "");
}

std::string format(const std::string& text) {
  Sources sources;
  Diagnostics diagnostics;
  const ast::File tree = syntax::parse(sources, sources.add("case.rvb", text), diagnostics);
  return diagnostics.has_errors() ? render(sources, diagnostics, {}) : syntax::format(sources, tree);
}

} // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const bool update = !arguments.empty() && arguments[0] == "--update";
  if (arguments.size() != (update ? 3u : 2u)) {
    std::cerr << "usage: language_files [--update] FOLDER STDLIB\n";
    return 2;
  }
  const fs::path folder = arguments[update ? 1 : 0];
  const std::string stdlib = arguments.back();
  int failures = 0, cases = 0;
  for (const char* kind : {"check", "format"}) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder / kind))
      if (entry.path().extension() == ".rvb")
        files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) {
      ++cases;
      const bool is_check = std::string(kind) == "check";
      const std::string text = read(file), found = is_check ? check(text, stdlib) : format(text);
      if (!is_check && format(found) != found) {
        ++failures;
        std::cerr << file << ": formatting twice changes it again:\n" << format(found);
      }
      fs::path expectation = file;
      expectation.replace_extension(".expected");
      if (update) {
        std::ofstream(expectation, std::ios::binary) << found;
      } else if (read(expectation) != found) {
        ++failures;
        std::cerr << file << ": expected\n" << read(expectation) << "\nfound\n" << found << "\n";
      }
    }
  }
  std::cout << cases << " cases, " << failures << " failures\n";
  return failures == 0 && cases > 0 ? 0 : 1;
}
