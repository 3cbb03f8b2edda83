// Which values are masks in real numbers: 0 and 1, nothing between.
#pragma once

#include "ir/ir.h"

#include <vector>

namespace rvb::analysis {

// By value, those made in bodies included: whether every one of its numbers is 0 or 1, whatever the function is given.
// Of booleans true. What a value is follows from its operator alone: an elementwise one is tried on all zeros and ones.
std::vector<bool> zero_or_one(const ir::Function& function);

} // namespace rvb::analysis
