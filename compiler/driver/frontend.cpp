#include "driver/frontend.h"

#include "driver/output.h"
#include "driver/paths.h"
#include "sema/check.h"
#include "support/explain.h"
#include "support/render.h"
#include "support/result.h"
#include "syntax/parse.h"
#include "syntax/print.h"

#include <fmt/format.h>

#include <cstring>
#include <unistd.h>

namespace rvb::driver {

namespace {

bool wants_color() {
  const char* terminal = std::getenv("TERM");
  return isatty(2) && std::getenv("NO_COLOR") == nullptr && (terminal == nullptr || std::strcmp(terminal, "dumb") != 0);
}

void print_diagnostics(const Sources& sources, Diagnostics& diagnostics, const std::string& format) {
  diagnostics.sort();
  RenderOptions render_options;
  render_options.format = format == "json" ? Format::json : format == "short" ? Format::brief : Format::text;
  render_options.color = wants_color() ? Color::always : Color::never;
  tell_text(render(sources, diagnostics, render_options));
}

// A file that could not even be begun to be compiled: the diagnostics were the message.
[[noreturn]] void stop_after_diagnostics(Exit exit = Exit::user) {
  throw Failure(exit, "");
}

} // namespace

void stop_with(const Sources& sources, Diagnostics& diagnostics, const Options& options, Exit exit) {
  print_diagnostics(sources, diagnostics, options.diagnostics);
  stop_after_diagnostics(exit);
}

namespace {

// Adds the text of a file that the command line names; prints RVB0501 and ends where it cannot be read.
int add_text(Sources& sources, const std::string& path, const std::string& format) {
  try {
    return sources.add(path, read_text(path));
  } catch (const Failure& failure) {
    Diagnostics diagnostics;
    diagnostics.report(Code::unreadable_file, {}, failure.what());
    print_diagnostics(sources, diagnostics, format);
    stop_after_diagnostics(failure.exit);
  }
}

} // namespace

sema::Program load_program(const Options& options) {
  Sources sources;
  return load_program(options, sources);
}

sema::Program load_program(const Options& options, Sources& sources) {
  int file = add_text(sources, options.model, options.diagnostics);
  Diagnostics diagnostics;
  sema::Options sema_options{options.defines, stdlib_folder()};
  std::optional<sema::Program> program = sema::check(sources, file, sema_options, diagnostics);
  print_diagnostics(sources, diagnostics, options.diagnostics);
  if (!program)
    stop_after_diagnostics();
  return std::move(*program);
}

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

} // namespace rvb::driver
