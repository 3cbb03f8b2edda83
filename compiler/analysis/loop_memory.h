// The buffers that a loop needs for itself while it runs: codegen's plan makes them, `recompute` counts them.
#pragma once

#include "analysis/placement.h"
#include "ir/ir.h"

#include <vector>

namespace rvb::analysis {

struct LoopBuffer {
  int64_t fixed = 0, sample = 0; // bytes; both 0: not needed
  bool needed() const { return fixed != 0 || sample != 0; }
};

struct LoopMemory {
  // By sequence, then by emitted one: kernels want cache lines, and slices need not begin on one, so they are copied.
  std::vector<LoopBuffer> slices;
  // By state: a second place, so that every step reads one and writes the other.
  std::vector<LoopBuffer> others;
};
LoopMemory loop_memory(const ir::Function& function, const ir::Op& loop);

// The body as a function of its own, as the plan has it.
ir::Function body_function(const ir::Function& function, const ir::Op& loop, const std::string& name);

} // namespace rvb::analysis
