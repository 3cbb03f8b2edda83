// Where buffers lie: lifetimes and offsets.
#pragma once

#include "codegen/plan.h"

namespace rvb::codegen {

// Gives every static_block and sample_block buffer its offset and the plan its two sizes; what fits into a result's
// array before that is written moves there (analysis/placement.h).
void assign_offsets(Plan& plan);

} // namespace rvb::codegen
