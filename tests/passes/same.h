// Holds two modules against each other: their functions of one name compute the same from the same random arguments.
#pragma once

#include "interpreter.h"
#include "ir/ir.h"

#include <map>
#include <string>

namespace rvb::tests {

using Named = std::map<std::string, interpreter::Tensor>;

// Random arguments for a function's parameters; i32 values are labels below `classes`. The seed and the parameter's
// name decide the numbers, so that two functions that share a parameter get the same for it. Variances are positive.
std::vector<interpreter::Tensor> arguments(const ir::Function& function, int64_t batch, unsigned seed,
                                           int64_t classes = 2);

// The largest difference over all results, relative to the result's largest magnitude (at least 1): sums cancel, so
// rounding is measured against what went in. Infinity when shapes differ.
// Results are matched by name where they have names, else by place; `after` may have more.
double difference(const ir::Module& before, const ir::Function& f, const ir::Module& after, const ir::Function& g,
                  int64_t batch, unsigned seed, int64_t classes = 2);

// Empty, or what differs. @train is held against @gradient.
std::string differs(const ir::Module& before, const ir::Module& after, double tolerance);

} // namespace rvb::tests
