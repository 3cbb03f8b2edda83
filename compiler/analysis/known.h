// What is a number before the program runs: operations on literals, values that are made of constants alone.
#pragma once

#include "ir/ir.h"

#include <optional>
#include <vector>

namespace rvb::analysis {

// The result of an elementwise operation on numbers (ops::evaluate), masks as 0 and 1: as a literal may hold it, in
// single precision. Nothing for an integer that is none there, and where ops has no value.
std::optional<float> evaluate(const ir::Function& function, const ir::Op& op, const float* operands);

// What an operation that is not elementwise makes of the numbers `x` of its operands: index, reshape, expand, permute
// and reduce, without the batch. Nothing of others.
std::optional<std::vector<float>> known_result(const ir::Function& function, const ir::Op& op,
                                               const std::vector<std::vector<float>>& x);

// The numbers of a value that is made of constants alone (elementwise, `sum` for each channel, and those of
// known_result); nothing when it is not.
std::optional<std::vector<float>> known_numbers(const ir::Module& module, const ir::Function& function,
                                                const ir::Operand& operand);

} // namespace rvb::analysis
