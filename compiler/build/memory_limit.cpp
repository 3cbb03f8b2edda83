#include "build/memory_limit.h"

#include "analysis/schedule.h"
#include "build/compile.h"
#include "build/frontend.h"
#include "build/manifest.h"
#include "host/output.h"
#include "passes/passes.h"
#include "support/result.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace rvb::build {

namespace {

std::string megabytes(int64_t bytes) {
  const double mb = static_cast<double>(bytes) / 1e6;
  if (bytes < 100000)
    return fmt::format("{} bytes", bytes);
  return fmt::format(mb < 10 ? "{:.2f} MB" : mb < 100 ? "{:.1f} MB" : "{:.0f} MB", mb);
}

// As the option takes it, at least `bytes`.
std::string rounded_up(int64_t bytes) {
  const double kb = std::ceil(static_cast<double>(bytes) / 1e3);
  return kb < 10000 ? fmt::format("{}KB", kb) : fmt::format("{}MB", std::ceil(kb / 100) / 10);
}

int64_t block(const codegen::Plan& plan, int64_t batch) {
  return plan.static_bytes + batch * plan.sample_bytes;
}

[[noreturn]] void refuse(const codegen::Plan& smallest, const sema::Program& program, int64_t limit,
                         const Options& options, const Sources& sources) {
  const int64_t batch = program.recipe.batch;
  int64_t parameters = 0;
  for (const sema::Parameter& parameter : program.parameters)
    parameters += 4 * elements(parameter.shape);
  const std::string remembered = program.recipe.optimizer.row().memory; // words with blanks between
  const int64_t memories = 1 + std::count(remembered.begin(), remembered.end(), ' ');
  const int64_t fits = (limit - smallest.static_bytes) / std::max(int64_t{1}, smallest.sample_bytes);
  // A model whose recipe does not set the batch is at fault as a whole.
  const Range where = program.recipe.batch_range.known() ? program.recipe.batch_range : Range{0, 0, 0};
  std::string help = fmt::format("`--mem-limit {}`", rounded_up(block(smallest, batch)));
  if (limit > smallest.static_bytes && fits > 0)
    help += fmt::format(", or `batch = {}` in the recipe", fits);
  Diagnostics diagnostics;
  diagnostics
      .report(Code::memory_limit, where,
              fmt::format("a training step at batch {} does not fit into {}: the smallest block it can work in has {}",
                          batch, megabytes(limit), megabytes(block(smallest, batch))))
      .note(fmt::format("{} of these do not depend on the batch; weights, gradients and what the optimiser keeps take "
                        "{} outside of the block",
                        megabytes(smallest.static_bytes), megabytes((2 + memories) * parameters)))
      .help(help);
  stop_with(sources, diagnostics, options);
}

} // namespace

int64_t parse_bytes(const std::string& text, const char* option) {
  static const std::pair<const char*, double> units[] = {{"", 1},       {"B", 1},         {"KB", 1e3},
                                                         {"MB", 1e6},   {"GB", 1e9},      {"K", 1024},
                                                         {"KiB", 1024}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};
  char* end = nullptr;
  const double number = text.empty() || text.find_first_of("xXnNiI") == 0 ? 0 : std::strtod(text.c_str(), &end);
  for (const auto& [unit, bytes] : units)
    if (end != nullptr && end != text.c_str() && std::string(end) == unit && number * bytes >= 1 &&
        number * bytes < 1e15 && text[0] >= '0' && text[0] <= '9')
      return static_cast<int64_t>(number * bytes);
  throw Failure(Exit::usage, std::string(option) + " is `" + text + "`; expected a size as 300MB, 1.5GiB or 4096");
}

TrainingMemory limit_memory(ir::Module& module, std::vector<codegen::Plan>& plans, const sema::Program& program,
                            const kernels::Target& target, const Options& options, const Sources& sources) {
  TrainingMemory memory;
  memory.limit = parse_bytes(options.mem_limit, "--mem-limit");
  memory.batch = program.recipe.batch;
  auto gradient = [&]() -> const codegen::Plan& {
    return *std::find_if(plans.begin(), plans.end(), [](const auto& plan) { return plan.function == "gradient"; });
  };
  memory.operations = static_cast<int64_t>(gradient().calls.size());
  memory.planned = block(gradient(), memory.batch);
  if (memory.planned <= memory.limit)
    return memory;
  const double work_before = analysis::work(*module.find("gradient"), memory.batch);

  Facts facts;
  facts.lookups = target.has_tables();
  facts.memory = fmt::format("{}@{}", memory.limit, memory.batch);
  run_passes(module, passes_of(recomputation(), facts), options);
  plans = plan_all(module, target);
  memory.planned = block(gradient(), memory.batch);
  if (memory.planned > memory.limit)
    refuse(gradient(), program, memory.limit, options, sources);
  memory.repeated = static_cast<int64_t>(gradient().calls.size()) - memory.operations;
  memory.more_work = analysis::work(*module.find("gradient"), memory.batch) / work_before - 1;
  return memory;
}

std::string text(const TrainingMemory& memory) {
  std::string text = fmt::format("training memory: {} at batch {} (limit {}), ", megabytes(memory.planned),
                                 memory.batch, megabytes(memory.limit));
  if (memory.repeated == 0)
    return text + "nothing recomputed";
  return text + fmt::format("{} of {} operations recomputed, about {:.0f} % more work", memory.repeated,
                            memory.operations, std::max(0.0, 100 * memory.more_work));
}

} // namespace rvb::build
