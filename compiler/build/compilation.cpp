#include "build/compilation.h"

#include "build/linking/toolchain.h"
#include "build/weights.h"

namespace rvb::build {

Compilation::Compilation(const Options& options) : options(options), program(load_program(options, sources)) {}

void Compilation::choose_target() {
  target = resolve_target(options);
  if (!options.output.empty() && !emits_text(options) && !options.wants("c"))
    require_toolchain(target, options);
  facts = facts_of(program, target, options);
}

std::string Compilation::take_weights() {
  Diagnostics diagnostics;
  Exit exit = Exit::ok;
  std::string hash = bind_weights(module, program, options.weights, options.strip_prefix, diagnostics, exit);
  if (diagnostics.has_errors())
    stop_with(Sources(), diagnostics, options, exit);
  return hash;
}

void Compilation::run(const Pipeline& pipeline) {
  print_generated(module, options);
  for (const Stage& stage : pipeline) {
    if (stage.action != Action::none && !perform(stage.action))
      return;
    run_passes(module, passes_of(stage, facts), options);
  }
}

bool Compilation::perform(Action action) {
  switch (action) {
  case Action::plan:
    times.lap("passes");
    plans = plan_all(module, target);
    info = program_info(program);
    return true;
  case Action::compile_kernels:
    folder.emplace();
    objects = compile_kernels(kernel_requests(module, plans), target, folder->path(), options.jobs, options.quiet);
    times.lap("kernels");
    times.add(objects);
    return true;
  case Action::write: files = write_program(folder->path(), module, plans, info, target, objects); return true;
  case Action::none:
  case Action::calibrate:
  case Action::choose_kernels:
  case Action::limit_memory:
  case Action::emit:
  case Action::verify:
  case Action::write_c:
  case Action::link: return true;
  }
  return true;
}

} // namespace rvb::build
