// The plan: a function of the IR as buffers with places, and kernel calls in order. Printed by --emit=plan, turned into
// LLVM by emit.h.
//
// Memory is one block of `static_bytes + batch * sample_bytes`, known before the program runs. A buffer whose size
// depends on the batch lies at static_bytes + batch * offset, one that does not at offset; buffers that are never alive
// together share bytes.
#pragma once

#include "ir/ir.h"
#include "kernels/kernels.h"

#include <memory>
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

struct Loop;

struct Call {
  std::string symbol; // the kernel; "copy" moves the one input to the one output, "count" writes number * batch
  std::string layer;  // dotted path; "" when none
  std::vector<int> inputs, outputs;
  kernels::Interface views;
  int op = -1;                      // index into the function's operations; -1 for copy and count
  bool layer_kernel = false;        // made by layer.h, not by kernels/
  int neuron = -1;                  // then: the operation behind the synapses that runs with them; -1: none
  int64_t number = 0;               // of count
  std::shared_ptr<const Loop> loop; // of symbol "loop": what is called once a step
  std::vector<int> scratch;         // buffers that this call alone uses
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

// A `loop`: its body as a function of its own, called once a step. Its arguments are the slices of the sequences, the
// invariants and the states before the step; its results the slices of what is emitted and the states after the step. A
// state lies in two places by turns, of which the last step writes the result; so nothing is copied from step to step.
struct Loop {
  ir::Function body;
  Plan plan;
  int64_t steps = 1;
  bool reverse = false;
  int sequences = 0, invariants = 0, states = 0, emits = 0;
  // Buffers of the surrounding plan, -1: none.
  std::vector<int> arguments;  // by argument of the body: the sequence, the invariant, the initial state; -1: a number
  std::vector<double> initial; // by state: the number
  std::vector<int> results;    // by result of the body: the sequence, the final state
  std::vector<int> other;      // by state: the other place; -1: not needed
  // Kernels want cache lines, and slices need not begin on one: by sequence, then by emitted one, a place for a copy.
  std::vector<int> slice;
  int static_block = -1, sample_block = -1; // what the body's plan works in
};

Plan plan(const ir::Function& function, const targets::Target& target);
std::string print(const Plan& plan);

} // namespace rvb::codegen
