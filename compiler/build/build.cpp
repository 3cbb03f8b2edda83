#include "build/build.h"

#include "build/compile.h"
#include "build/frontend.h"
#include "build/link.h"
#include "build/manifest.h"
#include "build/memory_limit.h"
#include "build/times.h"
#include "host/output.h"
#include "host/paths.h"
#include "passes/passes.h"
#include "support/result.h"

#include <fmt/format.h>

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

} // namespace

int run_build(const Options& options) {
  StageTimes times;
  Sources sources;
  sema::Program program = load_program(options, sources);
  kernels::Target target = resolve_target(options);
  times.lap("syntax, sema");
  ir::Module module = generate(program, {true, true, program.streams(), true});
  times.lap("irgen");
  run_passes(module, passes::training_pipeline(target.has_tables()), options);
  times.lap("passes");
  std::vector<codegen::Plan> plans = plan_all(module, target);
  std::optional<TrainingMemory> memory;
  if (!options.mem_limit.empty())
    memory = limit_memory(module, plans, program, target, options, sources);
  codegen::ProgramInfo info = program_info(program);
  nlohmann::ordered_json described = manifest(program, module, plans, target, false);
  if (memory)
    described["memory_limit"] = {{"bytes", memory->limit}, {"batch", memory->batch}};
  info.manifest = described.dump();
  if (emit_text(module, plans, info, target, options))
    return 0;
  times.lap("plan");
  if (options.output.empty()) { // nothing to write: --print-after and --time-passes end here
    if (options.time_passes)
      times.print(output());
    return 0;
  }

  TemporaryFolder folder;
  KernelObjects objects =
      compile_kernels(kernel_requests(module, plans), target, folder.path(), options.jobs, options.quiet);
  times.lap("kernels");
  times.add(objects);
  const std::vector<std::string> files = write_program(folder.path(), module, plans, info, target, objects);
  times.lap("program");
  link_executable(folder.path(), files, Kind::trainable, options.output);
  times.lap("link");
  if (options.time_passes)
    times.print(output());
  if (!options.quiet)
    say_what_was_built(program, plans, target, objects, memory, options, times.seconds());
  return 0;
}

} // namespace rvb::build
