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
  int64_t steps = 0;             // of a network in NIR; 0: as the file says
  bool still = false;            // its input is one image for all steps
  double step = 1e-4;            // seconds of a step
};

// Weights for the network `options.model`, into `options.output`; the report, a line a tensor, on standard output.
// Failure(mismatch), nothing written, where a parameter of the network has no tensor.
void import_weights(const build::Options& options, const Request& request);

// A network in NIR: its text into `options.output`, its weights next to it, under the same name and .safetensors.
void import_nir(const build::Options& options, const Request& request);

} // namespace rvb::importing
