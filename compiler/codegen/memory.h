// Where buffers lie: lifetimes and offsets.
#pragma once

#include "codegen/plan.h"

namespace rvb::codegen {

constexpr int64_t alignment = 64; // of buffers: a cache line, and the widest vector

// Gives every static_block and sample_block buffer its offset and the plan its two sizes; what fits into a result's
// array before that is written moves there. Buffers alive together never overlap: verified before returning.
void assign_offsets(Plan& plan);

} // namespace rvb::codegen
