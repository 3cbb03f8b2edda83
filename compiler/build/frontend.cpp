#include "build/frontend.h"

#include "host/output.h"
#include "host/paths.h"
#include "sema/check.h"
#include "support/render.h"
#include "support/result.h"

#include <cstring>
#include <unistd.h>

namespace rvb::build {

namespace {

bool wants_color() {
  const char* terminal = std::getenv("TERM");
  return isatty(2) && std::getenv("NO_COLOR") == nullptr && (terminal == nullptr || std::strcmp(terminal, "dumb") != 0);
}

} // namespace

void print_diagnostics(const Sources& sources, Diagnostics& diagnostics, const std::string& format) {
  diagnostics.sort();
  RenderOptions render_options;
  render_options.format = format == "json" ? Format::json : format == "short" ? Format::brief : Format::text;
  render_options.color = wants_color() ? Color::always : Color::never;
  tell_text(render(sources, diagnostics, render_options));
}

void stop_after_diagnostics(Exit exit) {
  throw Failure(exit, "");
}

void stop_with(const Sources& sources, Diagnostics& diagnostics, const Options& options, Exit exit) {
  print_diagnostics(sources, diagnostics, options.diagnostics);
  stop_after_diagnostics(exit);
}

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

} // namespace rvb::build
