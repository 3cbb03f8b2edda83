// Holds a gradient rule against central differences, in double precision through the interpreter.
#pragma once

#include "interpreter.h"
#include "ir/ir.h"

#include <string>
#include <vector>

namespace rvb::tests {

// One function of the IR; its last operation is the one under test and reads parameters and literals.
struct GradientCase {
  const char* name;
  const char* text;
  double low = -1.5, high = 1.5; // parameters are drawn from here
  int64_t batch = 2;
};

struct GradientFault {
  std::string what;
};

// Faults found; empty when every element of every gradient agrees within `tolerance` of the largest.
std::vector<GradientFault> check_gradient(const GradientCase& test, double tolerance = 1e-6);

// The gradient function of `function`'s last operation: parameters as before, then one upstream gradient for each
// result in `flowing`; results are the gradients of the operands in `wanted`, summed to the operands' types.
ir::Function gradient_function(const ir::Function& function, const std::vector<size_t>& flowing,
                               const std::vector<size_t>& wanted);

} // namespace rvb::tests
