// The plan: a function of the IR as buffers with places, and kernel calls in order. Printed by --emit=plan, turned into
// LLVM by emit.h.
//
// Memory is one block of `static_bytes + batch * sample_bytes`, known before the program runs. A buffer whose size
// depends on the batch lies at static_bytes + batch * offset, one that does not at offset; buffers that are never alive
// together share bytes.
#pragma once

#include "ir/ir.h"
#include "kernels/kernels.h"

#include <string>
#include <vector>

namespace rvb::codegen {

enum class Place { argument, result, constant, static_block, sample_block };

struct Buffer {
  Place place = Place::static_block;
  int64_t index = 0;        // argument or result number
  int64_t offset = 0;       // bytes (static_block) or bytes per sample (sample_block)
  int64_t static_bytes = 0; // its size is static_bytes + batch * sample_bytes
  int64_t sample_bytes = 0;
  std::string constant; // name of the module's constant
  std::string value;    // the IR value it holds
};

struct Call {
  std::string symbol; // the kernel; "copy" moves the one input to the one output, "count" writes number * batch
  std::string layer;  // dotted path; "" when none
  std::vector<int> inputs, outputs;
  kernels::Interface views;
  int op = -1;               // index into the function's operations; -1 for copy and count
  bool layer_kernel = false; // made by layer.h, not by kernels/
  int neuron = -1;           // then: the operation behind the synapses that runs with them; -1: none
  int64_t number = 0;        // of count
};

// An argument or result of the program's function.
struct Port {
  ir::Port port;
  ir::Type type;
};

struct Plan {
  std::string function;
  std::vector<Buffer> buffers;
  std::vector<Call> calls;
  std::vector<Port> arguments, results;
  int64_t static_bytes = 0;
  int64_t sample_bytes = 0;
};

Plan plan(const ir::Function& function, const targets::Target& target);
std::string print(const Plan& plan);

} // namespace rvb::codegen
