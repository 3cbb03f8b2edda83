// --mem-limit: the block that a training step works in is made to fit, by computing values again in the backward part
// (passes/recompute.cpp).
#pragma once

#include "build/options.h"
#include "codegen/plan.h"
#include "ir/ir.h"
#include "kernels/kernels.h"
#include "sema/program.h"
#include "support/diagnostics.h"

#include <cstdint>
#include <string>
#include <vector>

namespace rvb::build {

// "300MB", "1.5GiB", "4096": bytes; KB, MB, GB are powers of 1000, K, KiB, MiB, GiB of 1024. Throws Failure(usage),
// which names the option.
int64_t parse_bytes(const std::string& text, const char* option);

struct TrainingMemory {
  int64_t limit = 0, batch = 0; // the recipe's batch
  int64_t planned = 0;          // bytes of @gradient's block at that batch
  int64_t repeated = 0;         // operations that run again
  int64_t operations = 0;       // without them
  double more_work = 0;         // as the pass reckons it (analysis/schedule.h), by the work without a limit
};

// Changes @gradient and its plan until the plan fits options.mem_limit; where they fit already, nothing changes. Where
// no plan fits, prints RVB0402 with the smallest size that can be reached, at the recipe's batch in the program's
// `sources`, and throws Failure(user).
TrainingMemory limit_memory(ir::Module& module, std::vector<codegen::Plan>& plans, const sema::Program& program,
                            const kernels::Target& target, const Options& options, const Sources& sources);

// "training memory: 212 MB at batch 32 (limit 220 MB), 14 of 386 operations recomputed, about 9 % more work"
std::string text(const TrainingMemory& memory);

} // namespace rvb::build
