// The code of a neuron: the body of the scan, on a block of sums.
#pragma once

#include "layerkernels/emitting.h"

#include <map>
#include <utility>

namespace rvb::layerkernels {

class Neuron : private Emitting {
public:
  Neuron(Code& code, const Work& work)
      : Emitting(code, work), products_of_neighbours_(code.products_of_neighbours),
        sums_(shape_.spikes == ir::Element::f32 ? floats_ : ints_) {}

  // The function for a block of this many vectors of outputs, made when it is first asked for; arguments: see
  // neuron.cpp.
  llvm::Function* on(int vectors, bool ends);

private:
  llvm::Function* build(int vectors, bool ends);
  llvm::Value* lower(const ir::Op& op, const std::vector<llvm::Value*>& operands);
  llvm::Value* lower_whole(const ir::Op& op, const std::vector<llvm::Value*>& operands);
  llvm::Value* rescale(llvm::Value* x, llvm::Value* m, int shift);

  const bool products_of_neighbours_;
  llvm::FixedVectorType* const sums_;
  std::map<std::pair<int, bool>, llvm::Function*> made_;
};

} // namespace rvb::layerkernels
