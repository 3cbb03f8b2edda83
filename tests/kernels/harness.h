// Runs operations as kernels and holds them against the interpreter.
#pragma once

#include "interpreter.h"
#include "kernels/kernels.h"
#include "random_module.h"

#include <string>
#include <vector>

namespace rvb::kernels {

using interpreter::Tensor;

// The operation as a kernel on the given operands (values only, in order).
std::vector<Tensor> run(const ir::Function& function, const ir::Op& op, int64_t batch,
                        const std::vector<Tensor>& operands, bool scheduled);

// Runs the function's operations one after the other, each by the interpreter, by the bare kernel and by the scheduled
// kernel on the same numbers (the interpreter's, rounded to float). Returns what differs, empty when nothing does.
// Tolerance: 1e-5 of the largest number of the result, which is what single precision leaves of sums of some thousand
// terms in another order; none where no result is real.
std::string differences(const ir::Module& module, int64_t batch, uint64_t seed, double low = -1.5, double high = 1.5);

// The same for one function in text; `operations` stands between the braces' parameters and `ret`.
std::string differences(const std::string& text, int64_t batch, uint64_t seed = 1);

// "[2, 3]"
std::string pair(int64_t a, int64_t b);
// A function of one operation. Parameters: name and type.
std::string function(const std::vector<std::pair<std::string, std::string>>& parameters, const std::string& operation,
                     const std::string& types);

} // namespace rvb::kernels
