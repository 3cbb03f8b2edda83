// A layer's tasks: where windows lie, in which order tables, sums and neuron run.
#pragma once

#include "layerkernels/neuron.h"
#include "layerkernels/synapses.h"

namespace rvb::layerkernels {

class Task : private Emitting {
public:
  Task(Code& code, const Work& work, Synapses& synapses)
      : Emitting(code, work), synapses_(synapses), neuron_(code, work) {}

  llvm::Function* build();

private:
  // Everything that is known where a tile is computed.
  struct Place {
    llvm::Value* arrays = nullptr;    // host pointers, inputs then outputs
    llvm::Value* tables = nullptr;    // of the image, or of the first of several
    llvm::Value* top = nullptr;       // the image row of the tables' first row; may be negative
    llvm::Value* image = nullptr;     // number in tensors of all steps
    llvm::Value* state = nullptr;     // membranes of the strip, of that image; null: none
    llvm::Value* first_row = nullptr; // of the strip
    llvm::Value* part = nullptr;
    llvm::Value* weights = nullptr; // prepared, as if output 0 were the part's first; null: the tensor's
    llvm::Value* sums = nullptr;    // the block's sums on their way to the neuron
  };
  struct Now { // what a task knows all the time
    Place strip;
    llvm::Value *samples = nullptr, *first_sample = nullptr, *count = nullptr; // count: of its images
    llvm::Value *scratch = nullptr, *prepared = nullptr, *membranes = nullptr;
  };

  void find_place();
  void allocate();
  struct Outputs {
    llvm::Value *first, *end;
  };
  Outputs outputs_of(llvm::Value* part);
  void copy_own_outputs(llvm::Value* to, llvm::Value* from, llvm::Value* pixels);
  void prepare_weights();
  int64_t prepared_bytes() const;
  void fill_tables(llvm::Value* step);
  llvm::Value* side_by_side(llvm::Value* step);
  void each_image(llvm::Value* step, llvm::Value* first, const std::function<void(const Place&)>& body);
  void each_row(const Place& place, const std::function<void(const Phase&, llvm::Value*)>& body);
  void row_of_results(const Place& place, const Phase& phase, llvm::Value* row);
  void tile(const Place& place, const Phase& phase, llvm::Value* row, llvm::Value* column, int pixels, bool across);
  void states_at_rest(const Place& place, bool begin);
  llvm::Value* array(const Place& place, size_t index) {
    return b_.CreateLoad(pointer_, b_.CreateGEP(pointer_, place.arrays, number(static_cast<int64_t>(index))));
  }
  int64_t states() const { return layer_.neuron != nullptr ? layer_.neuron->integer("states") : 0; }

  Synapses& synapses_;
  Neuron neuron_;
  Now now_;
  llvm::Function* task_ = nullptr;
};

} // namespace rvb::layerkernels
