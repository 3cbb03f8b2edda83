#include "codegen/steps.h"

#include "interface/program.h"

#include <algorithm>
#include <cstdint>
#include <stdexcept>

namespace rvb::codegen {

namespace {

constexpr int max_dimensions = 8;

// What halide_buffer_t.type says: code 0 int, 1 uint, 2 float.
struct HalideType {
  uint8_t code, bits;
};
HalideType halide_type(ir::Element element) {
  switch (element) {
  case ir::Element::f32: return {2, 32};
  case ir::Element::boolean: return {1, 8};
  case ir::Element::i32: return {0, 32};
  case ir::Element::u32: return {1, 32};
  case ir::Element::i16: return {0, 16};
  }
  throw std::logic_error("unknown element type");
}

// Kernels index their arrays with 32 bits.
int64_t largest_batch(const Plan& plan) {
  int64_t largest = INT32_MAX;
  auto look = [&](const kernels::View& view) {
    int64_t elements = 1;
    bool batched = false;
    for (const kernels::Extent& extent : view.dims) {
      elements *= std::max<int64_t>(1, std::max(extent.constant, extent.per_sample));
      batched = batched || extent.per_sample != 0;
    }
    if (batched)
      largest = std::min(largest, std::max<int64_t>(1, INT32_MAX / elements));
  };
  for (const Call& call : plan.calls) {
    std::for_each(call.views.inputs.begin(), call.views.inputs.end(), look);
    std::for_each(call.views.outputs.begin(), call.views.outputs.end(), look);
    if (call.loop != nullptr)
      largest = std::min(largest, largest_batch(call.loop->plan));
  }
  return largest;
}

} // namespace

llvm::Constant* read_only_array(llvm::Module& module, llvm::Type* element, const std::vector<llvm::Constant*>& values,
                                const char* name) {
  auto* type = llvm::ArrayType::get(element, values.size());
  auto* global = new llvm::GlobalVariable(module, type, true, llvm::GlobalValue::InternalLinkage,
                                          llvm::ConstantArray::get(type, values), name);
  return llvm::ConstantExpr::getPointerCast(global, element->getPointerTo());
}

Steps::Steps(llvm::Module& module, Constants constant)
    : module_(module), context_(module.getContext()), constant_(std::move(constant)), b_(context_) {
  i8_ = b_.getInt8Ty();
  i32_ = b_.getInt32Ty();
  i64_ = b_.getInt64Ty();
  pointer_ = b_.getInt8PtrTy();
  // halide_dimension_t: min, extent, stride, flags. halide_buffer_t: device, device_interface, host, flags, type
  // (code, bits, lanes), dimensions, dim, padding.
  dimension_ = llvm::StructType::create(context_, {i32_, i32_, i32_, i32_}, "halide_dimension_t");
  buffer_ = llvm::StructType::create(
      context_, {i64_, pointer_, pointer_, i64_, i8_, i8_, b_.getInt16Ty(), i32_, dimension_->getPointerTo(), pointer_},
      "halide_buffer_t");
  frame_ = llvm::StructType::create(context_, {i64_, pointer_->getPointerTo(), pointer_->getPointerTo(), pointer_},
                                    "rvb_frame");
  emit_describe();
}

// void rvb_describe(buffer, dims, host, shape, rank, code, bits, batch): fills one halide_buffer_t. `shape` holds a
// pair (constant, per sample) a dimension, innermost first; the tensor is dense.
void Steps::emit_describe() {
  auto* type = llvm::FunctionType::get(
      b_.getVoidTy(),
      {buffer_->getPointerTo(), dimension_->getPointerTo(), pointer_, i64_->getPointerTo(), i32_, i8_, i8_, i64_},
      false);
  describe_ = llvm::Function::Create(type, llvm::GlobalValue::InternalLinkage, "rvb_describe", module_);
  describe_->addFnAttr(llvm::Attribute::NoInline); // once, not in every call
  llvm::Argument* buffer = describe_->getArg(0);
  llvm::Argument* dims = describe_->getArg(1);
  llvm::Argument* shape = describe_->getArg(3);
  llvm::Argument* rank = describe_->getArg(4);
  llvm::Argument* batch = describe_->getArg(7);
  auto* entry = llvm::BasicBlock::Create(context_, "entry", describe_);
  auto* loop = llvm::BasicBlock::Create(context_, "dimension", describe_);
  auto* done = llvm::BasicBlock::Create(context_, "done", describe_);
  b_.SetInsertPoint(entry);
  auto field = [&](unsigned index) { return b_.CreateStructGEP(buffer_, buffer, index); };
  b_.CreateStore(b_.getInt64(0), field(0));
  b_.CreateStore(llvm::ConstantPointerNull::get(pointer_), field(1));
  b_.CreateStore(describe_->getArg(2), field(2));
  b_.CreateStore(b_.getInt64(0), field(3));
  b_.CreateStore(describe_->getArg(5), field(4));
  b_.CreateStore(describe_->getArg(6), field(5));
  b_.CreateStore(b_.getInt16(1), field(6));
  b_.CreateStore(rank, field(7));
  b_.CreateStore(dims, field(8));
  b_.CreateStore(llvm::ConstantPointerNull::get(pointer_), field(9));
  b_.CreateCondBr(b_.CreateICmpEQ(rank, b_.getInt32(0)), done, loop);

  b_.SetInsertPoint(loop);
  auto* i = b_.CreatePHI(i32_, 2, "i");
  auto* stride = b_.CreatePHI(i64_, 2, "stride");
  llvm::Value* pair = b_.CreateGEP(i64_, shape, b_.CreateMul(i, b_.getInt32(2)));
  llvm::Value* constant = b_.CreateLoad(i64_, pair);
  llvm::Value* per_sample = b_.CreateLoad(i64_, b_.CreateGEP(i64_, pair, b_.getInt32(1)));
  llvm::Value* extent = b_.CreateAdd(constant, b_.CreateMul(per_sample, batch));
  llvm::Value* dim = b_.CreateGEP(dimension_, dims, i);
  b_.CreateStore(b_.getInt32(0), b_.CreateStructGEP(dimension_, dim, 0));
  b_.CreateStore(b_.CreateTrunc(extent, i32_), b_.CreateStructGEP(dimension_, dim, 1));
  b_.CreateStore(b_.CreateTrunc(stride, i32_), b_.CreateStructGEP(dimension_, dim, 2));
  b_.CreateStore(b_.getInt32(0), b_.CreateStructGEP(dimension_, dim, 3));
  llvm::Value* next = b_.CreateAdd(i, b_.getInt32(1));
  i->addIncoming(b_.getInt32(0), entry);
  i->addIncoming(next, loop);
  stride->addIncoming(b_.getInt64(1), entry);
  stride->addIncoming(b_.CreateMul(stride, extent), loop);
  b_.CreateCondBr(b_.CreateICmpEQ(next, rank), done, loop);

  b_.SetInsertPoint(done);
  b_.CreateRetVoid();
}

llvm::BasicBlock* Steps::block(const char* name) {
  return llvm::BasicBlock::Create(context_, name, function_);
}

llvm::Value* Steps::address(const Plan& plan, int index) {
  const Buffer& buffer = plan.buffers[static_cast<size_t>(index)];
  switch (buffer.place) {
  case Place::argument: return b_.CreateLoad(pointer_, b_.CreateGEP(pointer_, arguments_, b_.getInt64(buffer.index)));
  case Place::result: return b_.CreateLoad(pointer_, b_.CreateGEP(pointer_, results_, b_.getInt64(buffer.index)));
  case Place::constant: return constant_(buffer.constant);
  case Place::static_block: return b_.CreateGEP(i8_, static_block_, b_.getInt64(buffer.offset));
  case Place::sample_block: return b_.CreateGEP(i8_, sample_block_, b_.CreateMul(batch_, b_.getInt64(buffer.offset)));
  }
  throw std::logic_error("unknown place");
}

llvm::Value* Steps::bytes(const Buffer& buffer, int64_t parts) {
  return b_.CreateAdd(b_.getInt64(buffer.static_bytes / parts),
                      b_.CreateMul(batch_, b_.getInt64(buffer.sample_bytes / parts)));
}

// The pairs (constant, per sample) of a view; equal views share one array.
llvm::Constant* Steps::shape(const kernels::View& view) {
  std::vector<int64_t> key;
  for (const kernels::Extent& extent : view.dims) {
    key.push_back(extent.constant);
    key.push_back(extent.per_sample);
  }
  llvm::Constant*& result = shapes_[key];
  if (result == nullptr) {
    std::vector<llvm::Constant*> values;
    for (int64_t v : key)
      values.push_back(b_.getInt64(static_cast<uint64_t>(v)));
    result = read_only_array(module_, i64_, values, "rvb_shape");
  }
  return result;
}

void Steps::emit_copy(const Plan& plan, const Call& call) {
  b_.CreateMemCpy(address(plan, call.outputs[0]), llvm::MaybeAlign(4), address(plan, call.inputs[0]),
                  llvm::MaybeAlign(4), bytes(plan.buffers[static_cast<size_t>(call.inputs[0])]));
}

void Steps::emit_count(const Plan& plan, const Call& call) {
  llvm::Value* count = b_.CreateMul(batch_, b_.getInt64(static_cast<uint64_t>(call.number)));
  llvm::Value* place = b_.CreatePointerCast(address(plan, call.outputs[0]), b_.getFloatTy()->getPointerTo());
  b_.CreateStore(b_.CreateSIToFP(count, b_.getFloatTy()), place);
}

void Steps::emit_call(const Plan& plan, const Call& call, llvm::Value* buffers, llvm::Value* dims) {
  std::vector<llvm::Value*> arguments;
  auto describe = [&](int index, const kernels::View& view) {
    int slot = static_cast<int>(arguments.size());
    if (static_cast<int>(view.dims.size()) > max_dimensions)
      throw std::logic_error("kernel " + call.symbol + " wants more dimensions than a buffer has");
    llvm::Value* buffer = b_.CreateGEP(buffer_, buffers, b_.getInt32(slot));
    HalideType type = halide_type(view.element);
    b_.CreateCall(describe_, {buffer, b_.CreateGEP(dimension_, dims, b_.getInt32(slot * max_dimensions)),
                              address(plan, index), shape(view), b_.getInt32(static_cast<uint32_t>(view.dims.size())),
                              b_.getInt8(type.code), b_.getInt8(type.bits), batch_});
    arguments.push_back(buffer);
  };
  for (size_t i = 0; i < call.inputs.size(); ++i)
    describe(call.inputs[i], call.views.inputs[i]);
  for (size_t i = 0; i < call.outputs.size(); ++i)
    describe(call.outputs[i], call.views.outputs[i]);
  std::vector<llvm::Type*> types(arguments.size(), buffer_->getPointerTo());
  llvm::FunctionCallee kernel = module_.getOrInsertFunction(call.symbol, llvm::FunctionType::get(i32_, types, false));
  return_failure(b_.CreateCall(kernel, arguments));
}

void Steps::return_failure(llvm::Value* code) {
  llvm::BasicBlock *next = block("next"), *failed = block("failed");
  b_.CreateCondBr(b_.CreateICmpEQ(code, b_.getInt32(0)), next, failed);
  b_.SetInsertPoint(failed);
  b_.CreateRet(code);
  b_.SetInsertPoint(next);
}

void Steps::refuse_large_batches(const Plan& plan) {
  llvm::BasicBlock *fits = block("fits"), *too_large = block("too_large");
  b_.CreateCondBr(b_.CreateICmpSGT(batch_, b_.getInt64(static_cast<uint64_t>(largest_batch(plan)))), too_large, fits);
  b_.SetInsertPoint(too_large);
  b_.CreateRet(b_.getInt32(RVB_BATCH_TOO_LARGE));
  b_.SetInsertPoint(fits);
}

void Steps::emit_calls(const Plan& plan) {
  size_t slots = 1;
  for (const Call& call : plan.calls)
    slots = std::max(slots, call.loop != nullptr ? 0 : call.inputs.size() + call.outputs.size());
  // One set of descriptions for all calls: they are read only while their kernel runs.
  llvm::Value* buffers = b_.CreateAlloca(buffer_, b_.getInt32(static_cast<uint32_t>(slots)));
  llvm::Value* dims = b_.CreateAlloca(dimension_, b_.getInt32(static_cast<uint32_t>(slots * max_dimensions)));
  for (const Call& call : plan.calls) {
    if (call.loop != nullptr)
      emit_loop(plan, call);
    else if (call.symbol == "copy")
      emit_copy(plan, call);
    else if (call.symbol == "count")
      emit_count(plan, call);
    else
      emit_call(plan, call, buffers, dims);
  }
  b_.CreateRet(b_.getInt32(0));
}

void Steps::emit_bodies(const Plan& plan) {
  for (const Call& call : plan.calls)
    if (call.loop != nullptr)
      bodies_[call.loop.get()] = emit_body(call.loop->plan);
}

llvm::Function* Steps::emit(const Plan& plan) {
  emit_bodies(plan);
  auto* type = llvm::FunctionType::get(i32_, {frame_->getPointerTo()}, false);
  function_ =
      llvm::Function::Create(type, llvm::GlobalValue::InternalLinkage, "rvb_function_" + plan.function, module_);
  b_.SetInsertPoint(block("entry"));
  llvm::Value* frame = function_->getArg(0);
  batch_ = b_.CreateLoad(i64_, b_.CreateStructGEP(frame_, frame, 0), "batch");
  arguments_ = b_.CreateLoad(pointer_->getPointerTo(), b_.CreateStructGEP(frame_, frame, 1), "arguments");
  results_ = b_.CreateLoad(pointer_->getPointerTo(), b_.CreateStructGEP(frame_, frame, 2), "results");
  static_block_ = b_.CreateLoad(pointer_, b_.CreateStructGEP(frame_, frame, 3), "block");
  sample_block_ = b_.CreateGEP(i8_, static_block_, b_.getInt64(plan.static_bytes));
  refuse_large_batches(plan);
  emit_calls(plan);
  return function_;
}

// int32_t body(batch, arguments, results, static block, sample block): one step of a loop.
llvm::Function* Steps::emit_body(const Plan& plan) {
  emit_bodies(plan);
  auto* type = llvm::FunctionType::get(
      i32_, {i64_, pointer_->getPointerTo(), pointer_->getPointerTo(), pointer_, pointer_}, false);
  function_ =
      llvm::Function::Create(type, llvm::GlobalValue::InternalLinkage, "rvb_function_" + plan.function, module_);
  b_.SetInsertPoint(block("entry"));
  batch_ = function_->getArg(0);
  arguments_ = function_->getArg(1);
  results_ = function_->getArg(2);
  static_block_ = function_->getArg(3);
  sample_block_ = function_->getArg(4);
  emit_calls(plan);
  return function_;
}

} // namespace rvb::codegen
