// What the files of this room share: a kernel is views, an algorithm and a schedule. Includes Halide; nobody outside
// this room includes it.
//
// Every Func, Var, RDom and ImageParam is named by hand: Halide numbers what has no name with counters of the process,
// and the names reach the object file, whose bytes are to depend on the operation alone.
#pragma once

#include "kernels/view.h"

#include <Halide.h>

#include <memory>

namespace rvb::kernels {

struct Call {
  const ir::Function& function;
  const ir::Op& op;
  Target target;

  ir::Type operand(size_t i) const; // f32[] for a literal
  const ir::Type& result(size_t i = 0) const { return function.type(op.results[i]); }
};

class Kernel {
public:
  explicit Kernel(const Call& call) : call(call), op(call.op), target(call.target), vec(target.vector_floats) {}
  virtual ~Kernel() = default;

  virtual Interface views() const = 0; // makes no Halide object
  virtual void algorithm() = 0;        // the mathematics: defines `output` (a tuple when there are several results)
  virtual void schedule() = 0;         // the loops; the algorithm is right without it
  // Makes `inputs` and runs algorithm() and, when asked, schedule(). Buffers begin on cache lines
  // (runtime/interface/program.h).
  void build(bool scheduled);

  std::vector<Halide::ImageParam> inputs;
  std::vector<Halide::Func> outputs; // one; empty until build
  Halide::Func& output() { return outputs[0]; }

protected:
  // What is known of the outputs' dimensions beyond the views.
  virtual void bind_output(std::vector<Halide::OutputImageParam>&) {}
  Halide::Func& define(const std::string& name); // makes the output

  const Call& call;
  const ir::Op& op;
  const Target& target;
  const int vec; // floats in a vector
};

using Maker = std::unique_ptr<Kernel> (*)(const Call& call);
template <typename K> std::unique_ptr<Kernel> make(const Call& call) {
  return std::make_unique<K>(call);
}

std::unique_ptr<Kernel> make_kernel(const Call& call);
Halide::Type halide_type(ir::Element element); // boolean is UInt(8)

// One function a file of this room, named in table.cpp.
#define RVB_KERNEL(name) std::unique_ptr<Kernel> make_##name(const Call& call);
#include "kernels/kernels.def"
#undef RVB_KERNEL
std::unique_ptr<Kernel> make_elementwise(const Call& call); // any elementwise operator by itself

} // namespace rvb::kernels
