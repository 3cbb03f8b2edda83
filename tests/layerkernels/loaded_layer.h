// One layer by itself: compiled, loaded, and run on tensors as a compiled program runs it, with a canary after every
// result.
#pragma once

#include "layerkernels/layer.h"

#include "interpreter.h"

#include <cstdint>
#include <map>
#include <vector>

namespace rvb::layerkernels {

struct CallBuffer; // halide_buffer_t

// Those with lookups that this CPU has.
std::vector<targets::Target> targets_here();

// Random arguments whose reals are floats, as layers read them.
std::vector<interpreter::Tensor> float_arguments(const ir::Function& function, int64_t batch);

// A function's parameters with their arguments.
std::map<ir::Value, interpreter::Tensor> values_of(const ir::Function& function,
                                                   const std::vector<interpreter::Tensor>& arguments);

// What a call of a layer is given: the inputs' bytes; as many for the outputs.
struct CallArray {
  std::vector<uint8_t> bytes;
  std::vector<int32_t> extents;
};
struct CallArrays {
  std::vector<CallArray> inputs, outputs;
};
CallArrays arrays_of(const Layer& layer, int64_t batch, const std::map<ir::Value, interpreter::Tensor>& values);

class LoadedLayer {
public:
  LoadedLayer(const Layer& layer, const targets::Target& target);
  LoadedLayer(const LoadedLayer&) = delete;
  LoadedLayer& operator=(const LoadedLayer&) = delete;
  ~LoadedLayer();

  // The results' bytes.
  std::vector<std::vector<uint8_t>> run(int64_t batch, const std::map<ir::Value, interpreter::Tensor>& values) const;

private:
  int call(std::vector<CallBuffer>& buffers) const;

  const Layer& layer_;
  void* handle_;
  void* function_;
};

// What run() returned, as the interpreter has it.
std::vector<interpreter::Tensor> tensors(const Layer& layer, int64_t batch,
                                         const std::vector<std::vector<uint8_t>>& bytes);

} // namespace rvb::layerkernels
