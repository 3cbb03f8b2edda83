#include "layerkernels/numbers.h"

namespace rvb::layerkernels {

llvm::Constant* Numbers::minus_lanes(const std::vector<bool>& lanes) {
  std::vector<llvm::Constant*> values;
  for (bool minus : lanes)
    values.push_back(b_.getInt32(minus ? minus_bits() : 0));
  return llvm::ConstantVector::get(values);
}

namespace {

class Reals final : public Numbers {
public:
  Reals(Code& code, const Work& work) : Numbers(code, work) {}

  llvm::Type* scalar() const override { return f32_; }
  llvm::FixedVectorType* vector() const override { return floats_; }
  llvm::Value* add(llvm::Value* a, llvm::Value* b) override { return b_.CreateFAdd(a, b); }
  llvm::Value* sub(llvm::Value* a, llvm::Value* b) override { return b_.CreateFSub(a, b); }
  llvm::Value* signed_by(llvm::Value* value, llvm::Value* minus) override {
    return b_.CreateBitCast(b_.CreateXor(b_.CreateBitCast(value, ints_), minus), floats_);
  }
  uint32_t minus_bits() const override { return 0x80000000; }
  uint32_t size_bits() const override { return 0x7fffffff; } // -0 is nothing, too
  // A permutation and an exclusive or, which run twice a cycle where a permutation of two registers runs once.
  llvm::Value* negated(llvm::Value* value) override { return value; }
  llvm::Value* signed_lanes(llvm::Value* value, llvm::Value* negated, std::vector<int> lanes,
                            const std::vector<bool>& minus) override {
    return signed_by(b_.CreateShuffleVector(value, negated, lanes), minus_lanes(minus));
  }
};

class Integers final : public Numbers {
public:
  Integers(Code& code, const Work& work) : Numbers(code, work) {}

  llvm::Type* scalar() const override { return i32_; }
  llvm::FixedVectorType* vector() const override { return ints_; }
  llvm::Value* add(llvm::Value* a, llvm::Value* b) override { return b_.CreateAdd(a, b); }
  llvm::Value* sub(llvm::Value* a, llvm::Value* b) override { return b_.CreateSub(a, b); }
  llvm::Value* signed_by(llvm::Value* value, llvm::Value* minus) override {
    return b_.CreateSub(b_.CreateXor(value, minus), minus); // all bits inverted, plus one
  }
  uint32_t minus_bits() const override { return 0xffffffff; }
  uint32_t size_bits() const override { return 0xffffffff; }
  // A sign would need a subtraction, too: the lanes are those of the value and of its negative.
  llvm::Value* negated(llvm::Value* value) override { return b_.CreateNeg(value); }
  llvm::Value* signed_lanes(llvm::Value* value, llvm::Value* negated, std::vector<int> lanes,
                            const std::vector<bool>& minus) override {
    for (size_t i = 0; i < lanes.size(); ++i)
      lanes[i] += minus[i] ? lanes_ : 0;
    return b_.CreateShuffleVector(value, negated, lanes);
  }
};

} // namespace

std::unique_ptr<Numbers> numbers_of(Code& code, const Work& work) {
  if (work.shape.spikes == ir::Element::f32)
    return std::make_unique<Reals>(code, work);
  return std::make_unique<Integers>(code, work);
}

} // namespace rvb::layerkernels
