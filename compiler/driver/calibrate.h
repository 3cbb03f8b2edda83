// Calibration of spikes in fixed point (deploy --spikes): the program as it is in 32-bit floating point is built beside
// its copy that shows what enters every binary layer, and both run on samples.
#pragma once

#include "codegen/emit.h"
#include "driver/options.h"
#include "driver/paths.h"
#include "ir/ir.h"
#include "passes/quantize_spikes.h"
#include "sema/program.h"

#include <string>

namespace rvb::driver {

class Calibration {
public:
  // `module` has gone through the deployment pipeline up to fuse. Builds and runs; Failure(user) when the samples
  // cannot be read.
  Calibration(const sema::Program& program, ir::Module module, const kernels::Target& target, const Options& options);

  const passes::Ranges& ranges() const { return ranges_; }

  // How a deployed program decides on the same samples, beside floating point: one line of text; "" for samples without
  // labels.
  std::string compare(const std::string& executable) const;

private:
  std::vector<std::string> samples() const; // as a program's arguments

  const Options& options_;
  TemporaryFolder folder_;
  passes::Ranges ranges_;
};

} // namespace rvb::driver
