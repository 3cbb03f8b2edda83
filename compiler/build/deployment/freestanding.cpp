#include "build/deployment/freestanding.h"

#include "build/memory_limit.h"
#include "codegen/c/program.h"
#include "host/output.h"
#include "support/result.h"

#include <cctype>
#include <filesystem>

namespace rvb::build {

std::string identifier(const std::string& name) {
  std::string result;
  for (const char c : name)
    result += isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return result;
}

std::string without_extension(const std::string& path) {
  return (std::filesystem::path(path).parent_path() / std::filesystem::path(path).stem()).string();
}

void check_freestanding(const Options& options) {
  const auto refuse = [](const std::string& why) { throw Failure(Exit::usage, why); };
  if (!options.wants("c")) {
    if (!options.ram.empty())
      refuse("--ram belongs to --emit=c");
    return;
  }
  if (options.observe)
    refuse("--emit=c has no --observe");
  if (options.verify_addonly)
    refuse("--verify-addonly reads machine code, which --emit=c does not make");
  if (is_device(options.output))
    refuse("--emit=c writes two files, named after -o, which is no regular file: " + options.output);
}

void write_freestanding(const sema::Program& program, const ir::Module& module, const Options& options) {
  const std::string base = without_extension(options.output);
  codegen::c::Settings settings;
  settings.library = identifier(std::filesystem::path(base).filename().string());
  if (settings.library.empty() || isalpha(static_cast<unsigned char>(settings.library[0])) == 0)
    settings.library = "rvb_" + settings.library; // names of C begin with a letter; with _, they are the compiler's
  settings.file = std::filesystem::path(base).filename().string();
  settings.network = program.name;
  settings.compiler = std::string("rvbc ") + RVB_VERSION;
  settings.spikes = options.spikes;
  settings.input_shape.assign(program.input.shape.begin(), program.input.shape.end());
  settings.steps = program.input.steps;
  settings.sequence = program.input.sequence;
  settings.classes = program.classes;
  settings.mean = program.recipe.mean;
  settings.deviation = program.recipe.deviation;
  if (!options.ram.empty())
    settings.ram = parse_bytes(options.ram, "--ram");
  const codegen::c::Program c = codegen::c::write_program(module, settings);
  write_text(base + ".c", c.source);
  write_text(base + ".h", c.header);
  if (options.quiet)
    return;
  tell("{0}.c, {0}.h: {1} bytes of constants, an arena of {2} bytes", base, c.flash_bytes, c.run_bytes);
  if (c.stream_bytes != 0)
    tell(", of {} for streams", c.stream_bytes);
  tell("\n");
}

} // namespace rvb::build
