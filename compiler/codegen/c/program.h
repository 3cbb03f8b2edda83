// A deployed network as freestanding C99: one source and one header, for machines without an operating system. The
// module has gone through the deployment pipeline; operators become plain loops (operators.def), which round and sum as
// the native program does.
#pragma once

#include "ir/ir.h"

#include <string>
#include <vector>

namespace rvb::codegen::c {

struct Settings {
  std::string library;              // the prefix of all names, an identifier
  std::string file;                 // the files' name
  std::string network, compiler;    // for the header's comment
  std::string spikes;               // f32, i32, i16
  std::vector<int64_t> input_shape; // of an image or a frame, as arrays on disk have it: channels first
  int64_t steps = 1;
  bool sequence = false;
  int64_t classes = 0;
  std::vector<double> mean, deviation; // of the input's channels; empty: the network was trained without
  int64_t ram = 0;                     // bytes that an arena may have; 0: no limit
};

struct Program {
  std::string source, header;
  int64_t run_bytes = 0, stream_bytes = 0; // arenas; stream_bytes 0: the network does not stream
  int64_t flash_bytes = 0;                 // of constants
};

// @infer, and @step where the module has it. Failure(user) that names the layer where an operator has no C form, or
// where the smallest arena is above the limit.
Program write_program(const ir::Module& module, const Settings& settings);

} // namespace rvb::codegen::c
