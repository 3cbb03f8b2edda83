// What a pipeline is: named stages in order, each something that is done, then passes over the IR.
#pragma once

#include <string>
#include <vector>

namespace rvb::build {

// What the passes of a pipeline depend on; with the defaults, everything runs that needs no number from outside.
struct Facts {
  bool collapse_time = true; // false: every time step is computed (--no-collapse-time)
  bool lookups = true;       // the target sums signs by lookups (AVX2, AVX-512)
  bool at_rest = true; // all membranes begin at 0, so that @step may keep them in another unit than the language's
  bool signs = true; // of binary weights stay signs; false: factors join them, and they are real numbers (rvbc export)
  bool held = false; // the program counts spikes that are held at their limits
  // Arguments of passes, as a stage before has found them; "": the pass does not run.
  std::string spikes; // quantize_spikes
  std::string sparse; // sparse_synapses
  std::string memory; // recompute
};

// One pass: its row (passes/passes.h), when it runs, and which of the facts is its argument.
struct Step {
  Step(const char* pass, bool Facts::*when = nullptr) : pass(pass), when(when) {}
  Step(const char* pass, std::string Facts::*argument) : pass(pass), argument(argument) {}

  const char* pass;
  bool Facts::*when = nullptr; // null: always
  bool wanted = true;          // what it is to be
  std::string Facts::*argument = nullptr;
};
inline Step unless(const char* pass, bool Facts::*fact) {
  Step step(pass, fact);
  step.wanted = false;
  return step;
}

// What a stage does before its passes.
enum class Action {
  none,
  calibrate,
  choose_kernels,
  plan,
  limit_memory,
  emit,
  compile_kernels,
  verify,
  write,
  link,
  write_c
};

struct Stage {
  Stage(const char* name, Action action) : name(name), action(action) {}
  Stage(const char* name, std::vector<Step> steps) : name(name), steps(std::move(steps)) {}
  Stage(const char* name, Action action, std::vector<Step> steps)
      : name(name), action(action), steps(std::move(steps)) {}

  const char* name;
  Action action = Action::none;
  std::vector<Step> steps;
};

using Pipeline = std::vector<Stage>;

const Pipeline&
training(); // rvbc MODEL: @infer, @train, @step and @observe as irgen makes them -> a program that learns
const Pipeline& deployment(); // rvbc deploy: the trained parameters are constants by now -> additions in binary layers
const Pipeline& freestanding(); // rvbc deploy --emit=c: deployment up to the plan, then C
const Pipeline& exchange();     // rvbc export: as deployment, without what is for kernels
const Pipeline&
calibration(); // of deployment, from its stage `calibrate` on: the same program, showing what layers read
const Stage& recomputation(); // of training, with --mem-limit

// The passes that run, as passes::run takes them.
std::vector<std::string> passes_of(const Stage& stage, const Facts& facts = {});
std::vector<std::string> passes_of(const Pipeline& pipeline, const Facts& facts = {});
// The stages from `first` on, before `end`; "" stands for the pipeline's own.
Pipeline part(const Pipeline& pipeline, const std::string& first, const std::string& end);

} // namespace rvb::build
