// How operators run. A kernel is one Halide pipeline, compiled for the shapes of one operation and one target into an
// object file with one C function; only the batch is left open. One file per operator or family in operators/, with
// algorithm() (mathematics, no loop word) above schedule() (loops, no arithmetic); table.cpp lists them.
//
// This header does not show Halide, so that the rest of the compiler never includes it.
#pragma once

#include "ir/ir.h"
#include "targets/target.h"

#include <string>
#include <vector>

namespace rvb::kernels {

using targets::Target; // the instruction set to compile for

// constant + per_sample * batch
struct Extent {
  int64_t constant = 0;
  int64_t per_sample = 0;
};

// How a kernel sees one tensor: a dense buffer, innermost dimension first (e.g. [C, W, H, N] with N = T * batch).
// Flattening is free: a tensor is dense, so neighbouring dimensions may be taken together.
struct View {
  ir::Element element = ir::Element::f32; // boolean is one byte
  std::vector<Extent> dims;
};

struct Interface {
  std::vector<View> inputs;  // one for every operand that is a value, in order, repeated values each time
  std::vector<View> outputs; // one for every result, in order
};

struct Options {
  bool scheduled = true; // false: the bare algorithm, the oracle of the schedule
};

// True when the operator has a kernel. `constant` does not: it is data.
bool has_kernel(ir::Opcode opcode);

Interface interface_of(const ir::Function& function, const ir::Op& op);

// "rvb_<operator>_<16 hex digits>": a hash over the operation's text with types, the target, the options and the
// version of the kernels, so that equal calls share one object, and objects can be kept in a cache under this name.
std::string symbol(const ir::Function& function, const ir::Op& op, const Target& target, const Options& options = {});

// Compiles and writes an object file that defines symbol(...): int f(halide_buffer_t* inputs…, halide_buffer_t*
// outputs…). Unresolved symbols: halide_do_par_for, halide_malloc, halide_free, halide_error*, libm; the runtime
// supplies them. `stmt`, when not null, receives Halide's lowered statement as text (--emit=stmt).
void compile(const ir::Function& function, const ir::Op& op, const Target& target, const Options& options,
             const std::string& object_path, std::string* stmt = nullptr);

// Compiles in memory and runs once: tests and constant folding. `inputs` and `outputs` are dense host arrays in the
// order of interface_of, for the given batch. Uses the host target.
void run(const ir::Function& function, const ir::Op& op, const Options& options, int64_t batch,
         const std::vector<const void*>& inputs, const std::vector<void*>& outputs);

} // namespace rvb::kernels
