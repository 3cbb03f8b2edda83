// One operation being evaluated: what the files of this folder hand to each other.
#pragma once

#include "interpreter.h"

namespace rvb::interpreter {

struct Call {
  const ir::Module& module;
  const ir::Function& function;
  const ir::Op& op;
  int64_t batch;
  const std::vector<Tensor>& in;
  std::vector<Tensor>& out; // of the results' types, zero
  Options options;
};

// Each evaluates the operators it knows and says whether this was one.
bool evaluate_elementwise(Call& call);
bool evaluate_synapses(Call& call);
bool evaluate_space(Call& call);
bool evaluate_sums(Call& call); // time, axes, normalisation, loss
bool evaluate_random(Call& call);
bool evaluate_arrangement(Call& call); // axes that go, come and change places; products of matrices

// The product of all dimensions but the innermost `inner`.
inline int64_t leading(const Tensor& tensor, int inner) {
  int64_t product = 1;
  for (int i = 0; i + inner < tensor.type.rank(); ++i)
    product *= tensor.type.dims[i];
  return product;
}

// Dimension i counted from the innermost: 0 is C, 1 is W, 2 is H.
inline int64_t inner(const Tensor& tensor, int i) {
  return tensor.type.dims[tensor.type.dims.size() - 1 - i];
}

} // namespace rvb::interpreter
