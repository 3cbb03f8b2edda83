// The manifest (runtime/manifest.md): what a compiled program knows about itself.
#pragma once

#include "codegen/plan.h"
#include "ir/ir.h"
#include "kernels/kernels.h"
#include "sema/program.h"

#include <nlohmann/json.hpp>

namespace rvb::driver {

// One row a layer: what `summary` prints and `info` shows. Counts are for one sample and one time step.
struct LayerRow {
  const sema::Layer* layer;
  int64_t real_parameters = 0;   // kept in 32 bits
  int64_t binary_parameters = 0; // kept in 1 bit when deployed
  int64_t multiply_adds = 0;
  int64_t additions = 0;
};
std::vector<LayerRow> layer_rows(const sema::Program& program);

nlohmann::ordered_json manifest(const sema::Program& program, const std::vector<codegen::Plan>& plans,
                                const kernels::Target& target, bool deployed);

const char* kind_name(sema::LayerKind kind);

} // namespace rvb::driver
