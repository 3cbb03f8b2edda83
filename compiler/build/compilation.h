// A compilation on its way through a pipeline (pipeline.h): what it has by now, and how stages are carried out.
#pragma once

#include "build/compile.h"
#include "build/frontend.h"
#include "build/options.h"
#include "build/pipeline.h"
#include "build/times.h"
#include "host/paths.h"

#include <optional>
#include <string>
#include <vector>

namespace rvb::build {

class Compilation {
public:
  virtual ~Compilation() = default;
  // Stages in order, until one is the last for these options.
  void run(const Pipeline& pipeline);

protected:
  explicit Compilation(const Options& options);

  virtual bool perform(Action action); // what both kinds of programs do alike; false: nothing is left to do
  void choose_target();                // after which facts are known
  std::string take_weights();          // of --weights, as constants of the module; gives their hash

  const Options& options;
  StageTimes times;
  Sources sources;
  sema::Program program;
  kernels::Target target;
  Facts facts;
  ir::Module module;
  std::vector<codegen::Plan> plans;
  codegen::ProgramInfo info;
  std::optional<TemporaryFolder> folder; // of the program's objects
  KernelObjects objects;
  std::vector<std::string> files; // in the folder, to be linked
};

} // namespace rvb::build
