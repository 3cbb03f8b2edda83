// What lookups find and sums are made of: f32 or i32.
#pragma once

#include "layerkernels/emitting.h"

namespace rvb::layerkernels {

class Numbers : protected Emitting {
public:
  virtual ~Numbers() = default;

  virtual llvm::Type* scalar() const = 0;
  virtual llvm::FixedVectorType* vector() const = 0;
  virtual llvm::Value* add(llvm::Value* a, llvm::Value* b) = 0;
  virtual llvm::Value* sub(llvm::Value* a, llvm::Value* b) = 0;
  // The value where `minus` is 0, its negative where it is minus_bits().
  virtual llvm::Value* signed_by(llvm::Value* value, llvm::Value* minus) = 0;
  virtual uint32_t minus_bits() const = 0;
  virtual uint32_t size_bits() const = 0; // those that are not all 0 in a number that is not 0
  // Lanes of `value` under signs. `negated` is what negated(value) gave.
  virtual llvm::Value* negated(llvm::Value* value) = 0;
  virtual llvm::Value* signed_lanes(llvm::Value* value, llvm::Value* negated, std::vector<int> lanes,
                                    const std::vector<bool>& minus) = 0;

  llvm::Constant* minus_lanes(const std::vector<bool>& lanes); // for signed_by

protected:
  Numbers(Code& code, const Work& work) : Emitting(code, work) {}
};

// f32 for real spikes, else i32.
std::unique_ptr<Numbers> numbers_of(Code& code, const Work& work);

} // namespace rvb::layerkernels
