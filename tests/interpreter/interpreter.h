// The oracle: plain loops in double precision over the IR, for any function and any batch. Slow and obvious on purpose;
// passes, kernels and gradient rules are held against it.
#pragma once

#include "ir/ir.h"

#include <vector>

namespace rvb::interpreter {

// Dense, row-major. Whatever the element type is, numbers are doubles: a mask is 0 or 1, a u32 word is exact.
struct Tensor {
  ir::Type type; // without `?`
  std::vector<double> data;
};

struct Options {
  // sign and step become the antiderivatives of what they train with (clamp to [-ste, ste]; the surrogate's integral),
  // so that finite differences see the derivative that the gradient rules state. Comparisons stay hard.
  bool smooth = false;
};

// The type with `?` replaced by the batch.
ir::Type resolve(const ir::Type& type, int64_t batch);
// Zeros.
Tensor zeros(const ir::Type& type, int64_t batch);
Tensor scalar(double value);

// The function's results. Throws std::runtime_error when arguments do not fit the parameters, when a constant's bytes
// are not in the module, and when a label is no class. The module is expected to be well formed (analysis/verify.h).
std::vector<Tensor> evaluate(const ir::Module& module, const ir::Function& function, int64_t batch,
                             const std::vector<Tensor>& arguments, Options options = {});

// One operation on its operands (literals as scalars). For `constant` the module is asked.
std::vector<Tensor> evaluate(const ir::Module& module, const ir::Function& function, const ir::Op& op, int64_t batch,
                             const std::vector<Tensor>& operands, Options options = {});

} // namespace rvb::interpreter
