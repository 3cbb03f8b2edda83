// Calibration (deploy --calibrate): the program as it is in 32-bit floating point is built next to its copy that shows
// what enters every binary layer, and both run on samples. How large spikes become is their grid in fixed point, how
// many are silent decides between kernels.
#pragma once

#include "analysis/spike_grids.h"
#include "build/options.h"
#include "codegen/emit.h"
#include "host/paths.h"
#include "ir/ir.h"
#include "passes/deployment/quantize_spikes.h"
#include "sema/program.h"

#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace rvb::build {

// Of what enters a layer: shares from 0 to 1. A group is four channels of a pixel; it is silent when all of them are.
struct Silence {
  double spikes = 0, groups = 0;
};

class Calibration {
public:
  // `module` has gone through the deployment pipeline up to fuse. Builds and runs; Failure(user) when the samples
  // cannot be read.
  Calibration(const sema::Program& program, ir::Module module, const kernels::Target& target, const Options& options);

  const passes::Ranges& ranges() const { return ranges_; }
  int64_t count() const { return count_; }                                   // samples
  const std::map<std::string, Silence>& silence() const { return silence_; } // by the layer's path

  // How a deployed program with spikes in fixed point decides on the same samples, next to floating point: one line of
  // text; "" for samples without labels.
  std::string compare(const std::string& executable) const;

private:
  std::vector<std::string> samples() const; // as a program's arguments

  const Options& options_;
  TemporaryFolder folder_;
  passes::Ranges ranges_;
  int64_t count_ = 0;
  std::map<std::string, Silence> silence_;
};

// The results of @ranges for the manifest: what the runtime needs to read them. With grids, of integers.
nlohmann::ordered_json range_list(const ir::Function& ranges, const std::map<std::string, analysis::Grid>& grids = {},
                                  const passes::Ranges& largest = {});

// What the calibration covered of each layer's grid, as a table.
std::string coverage_table(const Calibration& calibration, const std::map<std::string, analysis::Grid>& grids);

} // namespace rvb::build
