// The manifest (runtime/manifest.md): what a compiled program knows about itself.
#pragma once

#include "codegen/plan.h"
#include "ir/ir.h"
#include "kernels/kernels.h"
#include "sema/program.h"

#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace rvb::build {

int64_t elements(const sema::Shape& shape); // the product

// One row a layer: what `summary` prints and `info` shows. Counts are for one sample and one time step.
struct LayerRow {
  const sema::Layer* layer;
  int64_t real_parameters = 0;   // kept in 32 bits
  int64_t binary_parameters = 0; // kept in 1 bit when deployed, ternary ones in 2
  int64_t multiply_adds = 0;
  int64_t additions = 0;
  // Of the weights that are kept as signs; ternary ones take two.
  int64_t packed_bits() const { return binary_parameters * (layer->weights().ternary() ? 2 : 1); }
};
std::vector<LayerRow> layer_rows(const sema::Program& program);

// For every layer with a path, the time steps that `function` computes of it: T, or 1 where collapse_time has proven
// all steps to be alike. Layers that a pass has merged away are missing, and those after mean_over_time.
std::map<std::string, int64_t> computed_steps(const sema::Program& program, const ir::Function& function);

// `module` after the passes.
nlohmann::ordered_json manifest(const sema::Program& program, const ir::Module& module,
                                const std::vector<codegen::Plan>& plans, const kernels::Target& target, bool deployed);

// What @observe shows (manifest.md, "observe").
nlohmann::ordered_json observation(const sema::Program& program);

} // namespace rvb::build
