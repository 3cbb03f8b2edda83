#include "layerkernels/emitting.h"

#include <llvm/IR/InlineAsm.h>

namespace rvb::layerkernels {

Code::Code(int lanes) : lanes(lanes), module("rvb_layer", context), b(context) {
  i8 = b.getInt8Ty();
  i16 = b.getInt16Ty();
  i32 = b.getInt32Ty();
  i64 = b.getInt64Ty();
  f32 = b.getFloatTy();
  pointer = b.getInt8PtrTy();
  floats = llvm::FixedVectorType::get(f32, static_cast<unsigned>(lanes));
  ints = llvm::FixedVectorType::get(i32, static_cast<unsigned>(lanes));
}

Emitting::Emitting(Code& code, const Work& work)
    : work_(work), layer_(work.layer), shape_(work.shape), tiles_(work.tiles), frame_(work.frame), lanes_(code.lanes),
      context_(code.context), module_(code.module), b_(code.b), i8_(code.i8), i16_(code.i16), i32_(code.i32),
      i64_(code.i64), f32_(code.f32), pointer_(code.pointer), floats_(code.floats), ints_(code.ints) {}

llvm::Type* Emitting::type_of(ir::Element element) {
  return element == ir::Element::f32 ? f32_ : element == ir::Element::i16 ? i16_ : i32_;
}

void Emitting::loop(llvm::Value* begin, llvm::Value* end, const std::function<void(llvm::Value*)>& body, int64_t step) {
  llvm::Function* f = b_.GetInsertBlock()->getParent();
  auto* before = b_.GetInsertBlock();
  auto* inside = llvm::BasicBlock::Create(context_, "loop", f);
  auto* after = llvm::BasicBlock::Create(context_, "after", f);
  b_.CreateCondBr(b_.CreateICmpSLT(begin, end), inside, after);
  b_.SetInsertPoint(inside);
  llvm::PHINode* i = b_.CreatePHI(i64_, 2);
  i->addIncoming(begin, before);
  body(i);
  llvm::Value* next = plus(i, step);
  i->addIncoming(next, b_.GetInsertBlock());
  b_.CreateCondBr(b_.CreateICmpSLT(next, end), inside, after);
  b_.SetInsertPoint(after);
}

void Emitting::when(llvm::Value* condition, const std::function<void()>& body) {
  llvm::Function* f = b_.GetInsertBlock()->getParent();
  auto* then = llvm::BasicBlock::Create(context_, "then", f);
  auto* after = llvm::BasicBlock::Create(context_, "after", f);
  b_.CreateCondBr(condition, then, after);
  b_.SetInsertPoint(then);
  body();
  b_.CreateBr(after);
  b_.SetInsertPoint(after);
}

llvm::Function* Emitting::function(const std::string& name, const std::vector<llvm::Type*>& arguments, bool synapses) {
  llvm::Type* result = synapses || name.rfind("neuron", 0) == 0 ? b_.getVoidTy() : i32_;
  auto* f = llvm::Function::Create(llvm::FunctionType::get(result, arguments, false),
                                   llvm::GlobalValue::InternalLinkage, name, module_);
  f->addFnAttr(llvm::Attribute::NoInline); // synapses and neuron stay apart, in a section each
  f->addFnAttr(llvm::Attribute::NoUnwind);
  f->addFnAttr("prefer-vector-width", std::to_string(lanes_ * 32));
  if (synapses)
    f->setSection(".text.synapses");
  b_.SetInsertPoint(llvm::BasicBlock::Create(context_, "entry", f));
  return f;
}

llvm::Value* Emitting::unknown(llvm::Value* value) {
  auto* same = llvm::FunctionType::get(value->getType(), {value->getType()}, false);
  const char* in_place = value->getType()->isVectorTy() ? "=v,0" : "=r,0";
  llvm::CallInst* call = b_.CreateCall(llvm::InlineAsm::get(same, "", in_place, false), {value});
  call->setDoesNotAccessMemory(); // so that it leaves loops
  return call;
}

llvm::Value* Emitting::load(llvm::Type* type, llvm::Value* pointer, unsigned alignment) {
  return b_.CreateAlignedLoad(type, b_.CreatePointerCast(pointer, type->getPointerTo()), llvm::MaybeAlign(alignment));
}

void Emitting::store(llvm::Value* value, llvm::Value* pointer, unsigned alignment) {
  b_.CreateAlignedStore(value, b_.CreatePointerCast(pointer, value->getType()->getPointerTo()),
                        llvm::MaybeAlign(alignment));
}

llvm::Constant* Emitting::mask(int count) {
  std::vector<llvm::Constant*> lanes;
  for (int i = 0; i < lanes_; ++i)
    lanes.push_back(b_.getInt1(i < count));
  return llvm::ConstantVector::get(lanes);
}

llvm::Value* Emitting::load_lanes(llvm::Type* element, llvm::Value* pointer, int count) {
  auto* type = llvm::FixedVectorType::get(element, static_cast<unsigned>(lanes_));
  unsigned alignment = element->getPrimitiveSizeInBits() / 8;
  if (count == lanes_)
    return load(type, pointer, alignment);
  return b_.CreateMaskedLoad(type, b_.CreatePointerCast(pointer, type->getPointerTo()), llvm::Align(alignment),
                             mask(count), llvm::ConstantAggregateZero::get(type));
}

void Emitting::store_lanes(llvm::Value* value, llvm::Value* pointer, int count) {
  auto* type = llvm::cast<llvm::VectorType>(value->getType());
  unsigned alignment = type->getScalarSizeInBits() / 8;
  if (count == lanes_)
    store(value, pointer, alignment);
  else
    b_.CreateMaskedStore(value, b_.CreatePointerCast(pointer, type->getPointerTo()), llvm::Align(alignment),
                         mask(count));
}

llvm::Constant* Emitting::splat(double value) {
  return llvm::ConstantVector::getSplat(llvm::ElementCount::getFixed(static_cast<unsigned>(lanes_)),
                                        llvm::ConstantFP::get(f32_, static_cast<float>(value)));
}

llvm::Constant* Emitting::whole_splat(double value) {
  return llvm::ConstantVector::getSplat(llvm::ElementCount::getFixed(static_cast<unsigned>(lanes_)),
                                        b_.getInt32(static_cast<uint32_t>(static_cast<int64_t>(value))));
}

} // namespace rvb::layerkernels
