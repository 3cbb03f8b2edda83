// Dense sums in which a lookup serves four spikes, on vectors of 32-bit numbers: what the instruction sets share.
#pragma once

#include "layerkernels/numbers.h"
#include "layerkernels/schemes/dense.h"

namespace rvb::layerkernels {

class Quads : public Dense {
protected:
  // `lookup`: an instruction, a vector of a table's numbers at the indices of another vector.
  Quads(Code& code, const Work& work, llvm::Intrinsic::ID lookup)
      : Dense(code, work, {work.shape.groups() * int64_t{4} * code.lanes, int64_t{8} * 4 * code.lanes}),
        numbers_(numbers_of(code, work)), lookup_(lookup) {}

  void store_tables(llvm::Value* spikes, const Spikes& others, llvm::Value* place, int count) override;
  llvm::Function* build_sums(const Variant& variant) override;

  virtual llvm::Value* prepare(llvm::Value* spikes) { return spikes; } // a chunk's, for its tables
  virtual llvm::Value* table_of_four(llvm::Value* prepared, int group) = 0;

  // Around the inner loop, where indices are not the words' own bits: what is kept of vector v of outputs.
  virtual void begin(int /*vectors*/) {}
  virtual llvm::Value* word(llvm::Value* word, int /*v*/) { return word; }
  virtual void group(int /*g*/) {}
  virtual llvm::Value* found(llvm::Value* looked_up, int /*v*/) { return looked_up; }
  virtual llvm::Value* result(llvm::Value* sum, int /*v*/) { return sum; }

  void add_to(llvm::Value* place, llvm::Value* term);

  const std::unique_ptr<Numbers> numbers_;

private:
  const llvm::Intrinsic::ID lookup_;
};

} // namespace rvb::layerkernels
