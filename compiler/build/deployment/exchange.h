// The trained network folded as for deployment, for formats of others (export/).
#pragma once

#include "build/options.h"
#include "ir/ir.h"
#include "sema/program.h"

#include <string>

namespace rvb::build {

struct Exchange {
  sema::Program program;
  ir::Module module; // with the function `infer` alone
  std::string weights_hash;
};
// The weights of --weights. `signs`: those of binary layers stay -1 and 1, and factors stand before or after the layer;
// else they join the weights, which are real numbers then.
Exchange with_weights(const Options& options); // as generated: nothing is folded
Exchange fold_for_exchange(const Options& options, bool signs);

} // namespace rvb::build
