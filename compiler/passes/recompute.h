// The pass `recompute` with its limit. Without one (the row of the table) it goes as low as it can.
#pragma once

#include "ir/ir.h"

#include <cstdint>
#include <optional>
#include <string>

namespace rvb::passes {

struct MemoryLimit {
  int64_t bytes = 0; // of the block that @gradient works in
  int64_t batch = 1;
};

// "BYTES@BATCH", as `rvbc opt --pass=recompute=BYTES@BATCH` gives it; nothing when it is something else.
std::optional<MemoryLimit> parse_memory_limit(const std::string& text);

// True when the module changed. Where the limit cannot be reached, what comes closest to it is left.
bool recompute(ir::Module& module, const MemoryLimit& limit);

} // namespace rvb::passes
