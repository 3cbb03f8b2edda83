// Any bytes as a `.rvb` file: parse, check, render what was found, format. What parses must also survive formatting:
// the formatted text parses to the same tree, keeps every comment, and formatting it again changes nothing. RVB_STDLIB
// is the folder of the standard library.
#include "analysis/verify.h"
#include "irgen/generate.h"
#include "sema/check.h"
#include "support/render.h"
#include "syntax/parse.h"
#include "syntax/print.h"

#include <cstdio>
#include <cstdlib>

using namespace rvb;

namespace {

void require(bool condition, const char* what) {
  if (condition)
    return;
  std::fprintf(stderr, "fuzz_language: %s\n", what);
  std::abort();
}

void check_format(const std::string& text) {
  Sources sources;
  Diagnostics diagnostics;
  const ast::File tree = syntax::parse(sources, sources.add("fuzz.rvb", text), diagnostics);
  if (diagnostics.has_errors())
    return;
  const std::string once = syntax::format(sources, tree);
  const ast::File again = syntax::parse(sources, sources.add("once.rvb", once), diagnostics);
  require(!diagnostics.has_errors(), "formatted text does not parse");
  require(again.comments.size() == tree.comments.size(), "the formatter lost a comment");
  require(syntax::dump(tree, syntax::Locations::hide) == syntax::dump(again, syntax::Locations::hide),
          "the formatter changed the meaning");
  require(syntax::format(sources, again) == once, "formatting twice changes the text again");
}

// The numbers of trained networks, as far as they are not too many to make up.
bool make_up(ir::Module& module, const sema::Program& program) {
  constexpr int64_t most = 1 << 24;
  int64_t all = 0;
  for (const sema::Parameter& p : program.frozen) {
    const ir::Type type = irgen::memory_type(p);
    all += type.elements_per_sample();
    if (all > most)
      return false;
    module.constants[p.name] =
        ir::Constant::from_floats(type.dims, std::vector<float>(static_cast<size_t>(type.elements_per_sample())));
  }
  return true;
}

void check_ir(const sema::Program& program, ir::Function function) {
  ir::Module module;
  if (!make_up(module, program))
    return;
  module.functions.push_back(std::move(function));
  const std::vector<std::string> faults = analysis::verify(module);
  require(faults.empty(), faults.empty() ? "" : faults[0].c_str());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  Sources sources;
  Diagnostics diagnostics;
  sema::Options options;
  options.stdlib = RVB_STDLIB;
  const int file = sources.add("fuzz.rvb", text);
  const auto program = sema::check(sources, file, options, diagnostics);
  require(program.has_value() == !diagnostics.has_errors(), "a program and errors, or neither");
  constexpr size_t enough = 500; // layers: irgen's work is linear, and long networks teach nothing new
  if (program && program->layers.size() < enough) {
    for (const auto generate : {irgen::generate_infer, irgen::generate_train, irgen::generate_observe})
      check_ir(*program, generate(*program));
    if (program->streams())
      check_ir(*program, irgen::generate_step(*program));
  }
  RenderOptions render_options;
  for (const Format format : {Format::text, Format::brief, Format::json}) {
    render_options.format = format;
    require(render(sources, diagnostics, render_options).empty() == diagnostics.empty(),
            "a diagnostic renders to nothing");
  }
  check_format(text);
  return 0;
}
