#include "driver/texts.h"

#include "build/frontend.h"
#include "host/output.h"
#include "support/explain.h"
#include "support/result.h"
#include "syntax/parse.h"
#include "syntax/print.h"
#include "targets/target.h"

#include <fmt/format.h>

namespace rvb::driver {

using namespace build;

int run_check(const Options& options) {
  load_program(options);
  return 0;
}

int run_ast(const Options& options) {
  Sources sources;
  int file = add_text(sources, options.model, options.diagnostics);
  Diagnostics diagnostics;
  ast::File tree = syntax::parse(sources, file, diagnostics);
  print_diagnostics(sources, diagnostics, options.diagnostics);
  if (diagnostics.has_errors())
    stop_after_diagnostics();
  std::string text = syntax::dump(tree);
  write_text(options.output, text);
  return 0;
}

int run_format(const std::vector<std::string>& files, bool check_only) {
  bool clean = true;
  for (const std::string& path : files) {
    Sources sources;
    int file = add_text(sources, path, "text");
    Diagnostics diagnostics;
    ast::File tree = syntax::parse(sources, file, diagnostics);
    print_diagnostics(sources, diagnostics, "text");
    if (diagnostics.has_errors()) { // a file with mistakes is left as it is
      clean = false;
      continue;
    }
    std::string text = syntax::format(sources, tree);
    if (path == "-" && !check_only) {
      put_text(text);
    } else if (text != sources[file].text) {
      if (check_only) {
        put("{}\n", path);
        clean = false;
      } else {
        write_text(path, text);
      }
    }
  }
  return static_cast<int>(clean ? Exit::ok : Exit::user);
}

int run_explain(const std::string& code) {
  std::string digits = code;
  for (const char* prefix : {"RVB", "rvb"})
    if (digits.rfind(prefix, 0) == 0)
      digits = digits.substr(3);
  bool number = !digits.empty() && digits.size() <= 4 && digits.find_first_not_of("0123456789") == std::string::npos;
  std::string page = number ? explain(std::stoi(digits)) : "";
  if (page.empty()) {
    std::string known;
    for (const DiagnosticInfo& info : all_diagnostics())
      known += fmt::format("\n  RVB{:04}  {}", info.code, info.title);
    throw Failure(Exit::usage, "there is no diagnostic `" + code + "`; these exist:" + known);
  }
  put_text(page);
  return 0;
}

int run_targets() {
  for (const std::string& name : targets::target_names()) {
    targets::Target target;
    targets::find_target(name, target);
    put("{}: {}\n", name, fmt::join(target.features, " "));
  }
  return 0;
}

} // namespace rvb::driver
