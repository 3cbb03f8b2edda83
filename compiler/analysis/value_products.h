// Multiplications that deployment leaves: numbers by numbers that both come from the input, as in gates and attention.
#pragma once

#include "ir/ir.h"

#include <cstdint>
#include <string>
#include <vector>

namespace rvb::analysis {

struct ValueProducts {
  std::string layer; // where they stand; "" where no layer is near
  int64_t count;     // products and quotients for one sample, all time steps together
};
// Of every layer that has any, in the order of the function. What multiplies by a constant, as batch normalisation and
// the decay of a membrane do, is not one, nor is a function of one number.
std::vector<ValueProducts> value_products(const ir::Function& function);

} // namespace rvb::analysis
