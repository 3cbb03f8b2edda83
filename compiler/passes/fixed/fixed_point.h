// What the pass fixed_point could not do.
#pragma once

#include "ir/ir.h"

#include <string>
#include <vector>

namespace rvb::passes {

// The layers whose neurons read sums of integers, or integers of other neurons, and yet compute in floating
// point; in order. Empty where nothing is whole.
std::vector<std::string> neurons_in_floating_point(const ir::Function& function);

} // namespace rvb::passes
