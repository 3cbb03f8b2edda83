// What the files that make a layer's code share: LLVM's builder, its types, loops, branches, loads and stores.
#pragma once

#include "layerkernels/tiles.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>

#include <functional>

namespace rvb::layerkernels {

// One layer's module.
struct Code {
  explicit Code(int lanes);

  const int lanes; // numbers of 32 bits in a vector
  // Products of 64 bits are made of neighbours (NEON), not of every other number (x86).
  bool products_of_neighbours = false;
  llvm::LLVMContext context;
  llvm::Module module;
  llvm::IRBuilder<> b;
  llvm::Type *i8, *i16, *i32, *i64, *f32;
  llvm::PointerType* pointer;
  llvm::FixedVectorType *floats, *ints;
};

class Emitting {
protected:
  Emitting(Code& code, const Work& work);
  ~Emitting() = default;

  llvm::Value* number(int64_t v) { return b_.getInt64(static_cast<uint64_t>(v)); }
  llvm::Value* bytes_on(llvm::Value* pointer, llvm::Value* bytes) { return b_.CreateGEP(i8_, pointer, bytes); }
  llvm::Value* bytes_on(llvm::Value* pointer, int64_t bytes) { return bytes_on(pointer, number(bytes)); }
  llvm::Value* times(llvm::Value* v, int64_t factor) { return b_.CreateMul(v, number(factor)); }
  llvm::Value* plus(llvm::Value* v, int64_t term) { return b_.CreateAdd(v, number(term)); }
  llvm::Value* larger(llvm::Value* a, llvm::Value* b) { return b_.CreateSelect(b_.CreateICmpSGT(a, b), a, b); }
  llvm::Value* smaller(llvm::Value* a, llvm::Value* b) { return b_.CreateSelect(b_.CreateICmpSLT(a, b), a, b); }
  void loop(llvm::Value* begin, llvm::Value* end, const std::function<void(llvm::Value*)>& body, int64_t step = 1);
  void when(llvm::Value* condition, const std::function<void()>& body);
  llvm::Function* function(const std::string& name, const std::vector<llvm::Type*>& arguments, bool synapses);
  llvm::Value* unknown(llvm::Value* value); // the same, but LLVM knows nothing about it
  llvm::Value* load(llvm::Type* type, llvm::Value* pointer, unsigned alignment = 4);
  void store(llvm::Value* value, llvm::Value* pointer, unsigned alignment = 4);
  // A vector of lanes_ numbers, or of the first ones where the channels end inside it; the others are 0.
  llvm::Value* load_lanes(llvm::Type* element, llvm::Value* pointer, int count);
  void store_lanes(llvm::Value* value, llvm::Value* pointer, int count);
  llvm::Constant* mask(int count);
  llvm::Constant* splat(double value);
  llvm::Constant* whole_splat(double value); // i32
  llvm::Type* type_of(ir::Element element);  // f32, i32, i16

  const Work& work_;
  const Layer& layer_;
  const Shape& shape_;
  const Tiles& tiles_;
  const Frame& frame_;
  const int lanes_;
  llvm::LLVMContext& context_;
  llvm::Module& module_;
  llvm::IRBuilder<>& b_;
  llvm::Type *i8_, *i16_, *i32_, *i64_, *f32_;
  llvm::PointerType* pointer_;
  llvm::FixedVectorType *floats_, *ints_;
};

} // namespace rvb::layerkernels
