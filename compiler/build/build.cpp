#include "build/build.h"

#include "build/compilation.h"
#include "build/deployment/freestanding.h"
#include "build/linking/link.h"
#include "build/manifest.h"
#include "build/memory_limit.h"
#include "build/profile.h"
#include "build/weights.h"
#include "host/output.h"

#include <fmt/format.h>

#include <filesystem>
#include <optional>

namespace rvb::build {

namespace {

std::string si_bytes(int64_t bytes) {
  if (bytes < 10 * 1024)
    return fmt::format("{} B", bytes);
  if (bytes < 10 * 1024 * 1024)
    return fmt::format("{:.1f} KiB", static_cast<double>(bytes) / 1024);
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1024 * 1024));
}

void say_what_was_built(const sema::Program& program, const std::vector<codegen::Plan>& plans,
                        const kernels::Target& target, const KernelObjects& objects,
                        const std::optional<TrainingMemory>& memory, const Options& options, double seconds) {
  int64_t real = 0, binary = 0, bits = 0;
  for (const LayerRow& row : layer_rows(program)) {
    real += row.real_parameters;
    binary += row.binary_parameters;
    bits += row.packed_bits();
  }
  tell("{}: {} layers, {} parameters ({} at {}, {} at 32)\n", options.model, program.layers.size() - 1, real + binary,
       binary, bits == binary ? "1 bit" : "1 or 2 bits", real);
  tell("target: {} · {} kernels ({} cached)\n", target.name, objects.files.size(), objects.cached);
  for (const codegen::Plan& plan : plans)
    tell("memory: {} {} + {} a sample\n", plan.function, si_bytes(plan.static_bytes), si_bytes(plan.sample_bytes));
  if (memory)
    tell("{}\n", text(*memory));
  tell("built {} in {:.1f} s\n", options.output, seconds);
}

class Training : public Compilation {
public:
  explicit Training(const Options& options) : Compilation(options) {
    choose_target();
    times.lap("syntax, sema");
    module = generate(program, {true, true, program.streams(), true});
    Diagnostics diagnostics;
    Exit exit = Exit::ok;
    bind_teachers(module, program, sources, diagnostics, exit);
    if (diagnostics.has_errors())
      stop_with(sources, diagnostics, options, exit);
    times.lap("irgen");
  }

private:
  bool perform(Action action) override {
    switch (action) {
    case Action::limit_memory:
      if (!options.mem_limit.empty())
        memory_ = limit_memory(module, plans, program, target, options, sources);
      return true;
    case Action::emit: return emit();
    case Action::write:
      Compilation::perform(action);
      times.lap("program");
      return true;
    case Action::link:
      if (library())
        make_shared_library(folder->path(), files, codegen::accessor_name(info.library), target,
                            without_extension(options.output) + ".so");
      else
        link_executable(folder->path(), files, Kind::trainable, target, options.output);
      times.lap("link");
      if (options.time_passes)
        times.print(output());
      if (!options.quiet)
        say_what_was_built(program, plans, target, objects, memory_, options, times.seconds());
      return true;
    case Action::none:
    case Action::calibrate:
    case Action::choose_kernels:
    case Action::plan:
    case Action::compile_kernels:
    case Action::verify:
    case Action::write_c: break;
    }
    return Compilation::perform(action);
  }

  bool library() const { return options.wants("so"); }

  bool emit() {
    nlohmann::ordered_json described = manifest(program, module, plans, target, false);
    if (memory_)
      described["memory_limit"] = {{"bytes", memory_->limit}, {"batch", memory_->batch}};
    info.profiled = !library();
    if (info.profiled)
      described["profile"] = profile_list(module, plans, target);
    if (library())
      info.library = identifier(std::filesystem::path(options.output).stem().string());
    info.manifest = described.dump();
    if (emit_text(module, plans, info, target, options))
      return false;
    times.lap("plan");
    if (options.output.empty() && options.time_passes) // nothing to write: --print-after and --time-passes end here
      times.print(output());
    return !options.output.empty();
  }

  std::optional<TrainingMemory> memory_;
};

} // namespace

int run_build(const Options& options) {
  Training(options).run(training());
  return 0;
}

} // namespace rvb::build
