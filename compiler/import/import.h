// What comes in from formats of others: weights under other names, networks in NIR.
#pragma once

#include "build/options.h"

#include <string>
#include <vector>

namespace rvb::importing {

struct Request {
  std::string file;              // what comes in
  std::vector<std::string> maps; // of names: a map of the library, or a file (names.h)
  bool by_order = false;         // what no name fits is matched by order and shape
};

// Weights for the network `options.model`, into `options.output`; the report, a line a tensor, on standard output.
// Failure(mismatch), nothing written, where a parameter of the network has no tensor.
void import_weights(const build::Options& options, const Request& request);

} // namespace rvb::importing
