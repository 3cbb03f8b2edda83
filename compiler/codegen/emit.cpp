#include "codegen/emit.h"

#include "codegen/data.h"
#include "codegen/ports.h"
#include "interface/program.h"
#include "support/fnv.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>

#include <algorithm>
#include <cstdint>
#include <map>
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

std::string hidden_accessor(const ProgramInfo& info) {
  return "rvb_program_" + info.identity();
}

class Emitter {
public:
  Emitter(const ProgramInfo& info, const targets::Target& target)
      : info_(info), target_(target), module_("rvb_program", context_), b_(context_) {
    i8_ = b_.getInt8Ty();
    i32_ = b_.getInt32Ty();
    i64_ = b_.getInt64Ty();
    pointer_ = b_.getInt8PtrTy();
    // halide_dimension_t: min, extent, stride, flags. halide_buffer_t: device, device_interface, host, flags, type
    // (code, bits, lanes), dimensions, dim, padding.
    dimension_ = llvm::StructType::create(context_, {i32_, i32_, i32_, i32_}, "halide_dimension_t");
    buffer_ = llvm::StructType::create(
        context_,
        {i64_, pointer_, pointer_, i64_, i8_, i8_, b_.getInt16Ty(), i32_, dimension_->getPointerTo(), pointer_},
        "halide_buffer_t");
    frame_ = llvm::StructType::create(context_, {i64_, pointer_->getPointerTo(), pointer_->getPointerTo(), pointer_},
                                      "rvb_frame");
    port_ = llvm::StructType::create(context_, {pointer_, i32_, i32_, i32_, b_.getFloatTy(), pointer_}, "rvb_port");
    function_entry_ = llvm::StructType::create(
        context_, {pointer_, pointer_, i64_, i64_, i32_, i32_, pointer_, pointer_}, "rvb_function");
  }

  void emit(const std::vector<Plan>& plans) {
    emit_describe();
    std::vector<llvm::Constant*> entries;
    for (const Plan& plan : plans)
      entries.push_back(emit_function(plan));
    emit_table(entries);
  }

  void emit_network_name(const std::string& network) {
    llvm::Function* program = function(hidden_accessor(info_));
    program->setVisibility(llvm::GlobalValue::HiddenVisibility);
    b_.SetInsertPoint(llvm::BasicBlock::Create(context_, "entry", function(network)));
    b_.CreateRet(b_.CreateCall(program));
  }

  llvm::Module& module() { return module_; }

private:
  llvm::Constant* pointer(llvm::Constant* value) { return llvm::ConstantExpr::getPointerCast(value, pointer_); }

  llvm::Constant* text(const std::string& value, const char* name) {
    return pointer(b_.CreateGlobalString(value, name, 0, &module_));
  }

  // A read-only array with internal linkage; a pointer to its first element.
  llvm::Constant* array(llvm::Type* element, const std::vector<llvm::Constant*>& values, const char* name) {
    auto* type = llvm::ArrayType::get(element, values.size());
    auto* global = new llvm::GlobalVariable(module_, type, true, llvm::GlobalValue::InternalLinkage,
                                            llvm::ConstantArray::get(type, values), name);
    return llvm::ConstantExpr::getPointerCast(global, element->getPointerTo());
  }

  // void rvb_describe(buffer, dims, host, shape, rank, code, bits, batch): fills one halide_buffer_t. `shape` holds a
  // pair (constant, per sample) a dimension, innermost first; the tensor is dense.
  void emit_describe() {
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

  llvm::GlobalVariable* constant(const std::string& name) {
    std::string symbol = data_symbol(info_.identity(), name);
    llvm::GlobalVariable* global = module_.getGlobalVariable(symbol);
    if (global == nullptr) {
      global = new llvm::GlobalVariable(module_, i8_, true, llvm::GlobalValue::ExternalLinkage, nullptr, symbol);
      global->setVisibility(llvm::GlobalValue::HiddenVisibility);
    }
    return global;
  }

  llvm::Value* address(const Plan& plan, const Buffer& buffer) {
    switch (buffer.place) {
    case Place::argument: return b_.CreateLoad(pointer_, b_.CreateGEP(pointer_, arguments_, b_.getInt64(buffer.index)));
    case Place::result: return b_.CreateLoad(pointer_, b_.CreateGEP(pointer_, results_, b_.getInt64(buffer.index)));
    case Place::constant: return constant(buffer.constant);
    case Place::static_block: return b_.CreateGEP(i8_, block_, b_.getInt64(buffer.offset));
    case Place::sample_block: {
      llvm::Value* offset = b_.CreateMul(batch_, b_.getInt64(buffer.offset));
      return b_.CreateGEP(i8_, block_, b_.CreateAdd(offset, b_.getInt64(plan.static_bytes)));
    }
    }
    throw std::logic_error("unknown place");
  }

  // The pairs (constant, per sample) of a view; equal views share one array.
  llvm::Constant* shape(const kernels::View& view) {
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
      result = array(i64_, values, "rvb_shape");
    }
    return result;
  }

  void emit_copy(const Plan& plan, const Call& call) {
    const Buffer& from = plan.buffers[call.inputs[0]];
    llvm::Value* bytes =
        b_.CreateAdd(b_.getInt64(from.static_bytes), b_.CreateMul(batch_, b_.getInt64(from.sample_bytes)));
    b_.CreateMemCpy(address(plan, plan.buffers[call.outputs[0]]), llvm::MaybeAlign(4), address(plan, from),
                    llvm::MaybeAlign(4), bytes);
  }

  void emit_count(const Plan& plan, const Call& call) {
    llvm::Value* count = b_.CreateMul(batch_, b_.getInt64(static_cast<uint64_t>(call.number)));
    llvm::Value* place =
        b_.CreatePointerCast(address(plan, plan.buffers[call.outputs[0]]), b_.getFloatTy()->getPointerTo());
    b_.CreateStore(b_.CreateSIToFP(count, b_.getFloatTy()), place);
  }

  void emit_call(const Plan& plan, const Call& call, llvm::Function* function, llvm::Value* buffers,
                 llvm::Value* dims) {
    std::vector<llvm::Value*> arguments;
    auto describe = [&](int index, const kernels::View& view) {
      int slot = static_cast<int>(arguments.size());
      if (static_cast<int>(view.dims.size()) > max_dimensions)
        throw std::logic_error("kernel " + call.symbol + " wants more dimensions than a buffer has");
      llvm::Value* buffer = b_.CreateGEP(buffer_, buffers, b_.getInt32(slot));
      HalideType type = halide_type(view.element);
      b_.CreateCall(describe_, {buffer, b_.CreateGEP(dimension_, dims, b_.getInt32(slot * max_dimensions)),
                                address(plan, plan.buffers[index]), shape(view),
                                b_.getInt32(static_cast<uint32_t>(view.dims.size())), b_.getInt8(type.code),
                                b_.getInt8(type.bits), batch_});
      arguments.push_back(buffer);
    };
    for (size_t i = 0; i < call.inputs.size(); ++i)
      describe(call.inputs[i], call.views.inputs[i]);
    for (size_t i = 0; i < call.outputs.size(); ++i)
      describe(call.outputs[i], call.views.outputs[i]);
    std::vector<llvm::Type*> types(arguments.size(), buffer_->getPointerTo());
    llvm::FunctionCallee kernel = module_.getOrInsertFunction(call.symbol, llvm::FunctionType::get(i32_, types, false));
    llvm::Value* code = b_.CreateCall(kernel, arguments);
    auto* next = llvm::BasicBlock::Create(context_, "next", function);
    auto* failed = llvm::BasicBlock::Create(context_, "failed", function);
    b_.CreateCondBr(b_.CreateICmpEQ(code, b_.getInt32(0)), next, failed);
    b_.SetInsertPoint(failed);
    b_.CreateRet(code);
    b_.SetInsertPoint(next);
  }

  // Kernels index their arrays with 32 bits.
  static int64_t largest_batch(const Plan& plan) {
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
    }
    return largest;
  }

  void refuse_large_batches(const Plan& plan, llvm::Function* function) {
    auto* fits = llvm::BasicBlock::Create(context_, "fits", function);
    auto* too_large = llvm::BasicBlock::Create(context_, "too_large", function);
    b_.CreateCondBr(b_.CreateICmpSGT(batch_, b_.getInt64(static_cast<uint64_t>(largest_batch(plan)))), too_large, fits);
    b_.SetInsertPoint(too_large);
    b_.CreateRet(b_.getInt32(RVB_BATCH_TOO_LARGE));
    b_.SetInsertPoint(fits);
  }

  llvm::Constant* emit_function(const Plan& plan) {
    auto* type = llvm::FunctionType::get(i32_, {frame_->getPointerTo()}, false);
    auto* function =
        llvm::Function::Create(type, llvm::GlobalValue::InternalLinkage, "rvb_function_" + plan.function, module_);
    b_.SetInsertPoint(llvm::BasicBlock::Create(context_, "entry", function));
    size_t slots = 1;
    for (const Call& call : plan.calls)
      slots = std::max(slots, call.inputs.size() + call.outputs.size());
    // One set of descriptions for all calls: they are read only while their kernel runs.
    llvm::Value* buffers = b_.CreateAlloca(buffer_, b_.getInt32(static_cast<uint32_t>(slots)));
    llvm::Value* dims = b_.CreateAlloca(dimension_, b_.getInt32(static_cast<uint32_t>(slots * max_dimensions)));
    llvm::Value* frame = function->getArg(0);
    batch_ = b_.CreateLoad(i64_, b_.CreateStructGEP(frame_, frame, 0), "batch");
    arguments_ = b_.CreateLoad(pointer_->getPointerTo(), b_.CreateStructGEP(frame_, frame, 1), "arguments");
    results_ = b_.CreateLoad(pointer_->getPointerTo(), b_.CreateStructGEP(frame_, frame, 2), "results");
    block_ = b_.CreateLoad(pointer_, b_.CreateStructGEP(frame_, frame, 3), "block");
    refuse_large_batches(plan, function);
    for (const Call& call : plan.calls) {
      if (call.symbol == "copy")
        emit_copy(plan, call);
      else if (call.symbol == "count")
        emit_count(plan, call);
      else
        emit_call(plan, call, function, buffers, dims);
    }
    b_.CreateRet(b_.getInt32(0));
    return llvm::ConstantStruct::get(function_entry_, {text(plan.function, "rvb_name"),
                                                       llvm::ConstantExpr::getPointerCast(function, pointer_),
                                                       b_.getInt64(plan.static_bytes), b_.getInt64(plan.sample_bytes),
                                                       b_.getInt32(static_cast<uint32_t>(plan.arguments.size())),
                                                       b_.getInt32(static_cast<uint32_t>(plan.results.size())),
                                                       pointer(ports(plan.arguments)), pointer(ports(plan.results))});
  }

  llvm::Constant* ports(const std::vector<Port>& list) {
    std::vector<llvm::Constant*> entries;
    for (const Port& each : list) {
      const rvb_port port = describe(each);
      std::vector<llvm::Constant*> dims;
      for (int32_t i = 0; i < port.rank; ++i)
        dims.push_back(b_.getInt64(static_cast<uint64_t>(port.dims[i])));
      const auto number = [&](int32_t v) { return b_.getInt32(static_cast<uint32_t>(v)); };
      entries.push_back(llvm::ConstantStruct::get(
          port_, {text(port.name, "rvb_port_name"), number(port.role), number(port.element), number(port.rank),
                  llvm::ConstantFP::get(b_.getFloatTy(), port.initial), pointer(array(i64_, dims, "rvb_dims"))}));
    }
    return array(port_, entries, "rvb_ports");
  }

  // rvb_program of runtime/interface/program.h, field by field.
  void emit_table(const std::vector<llvm::Constant*>& entries) {
    std::vector<llvm::Constant*> features, data;
    llvm::StructType* data_entry = llvm::StructType::create(context_, {pointer_, i64_}, "rvb_data");
    for (const ProgramInfo::Data& each : info_.data)
      data.push_back(llvm::ConstantStruct::get(
          data_entry, {constant(each.constant), b_.getInt64(static_cast<uint64_t>(each.bytes))}));
    for (const std::string& feature : target_.features)
      features.push_back(text(feature, "rvb_feature"));
    features.push_back(llvm::ConstantPointerNull::get(pointer_));
    auto number = [&](int64_t v) { return b_.getInt32(static_cast<uint32_t>(v)); };
    std::vector<llvm::Constant*> fields = {number(RVB_PROGRAM_VERSION),
                                           number(info_.deployed),
                                           number(info_.sequence),
                                           number(info_.steps),
                                           number(info_.channels),
                                           number(info_.height),
                                           number(info_.width),
                                           number(info_.classes),
                                           number(static_cast<int64_t>(entries.size())),
                                           array(function_entry_, entries, "rvb_functions"),
                                           array(pointer_, features, "rvb_features"),
                                           text(info_.manifest, "rvb_manifest"),
                                           array(data_entry, data, "rvb_constants"),
                                           number(static_cast<int64_t>(data.size())),
                                           b_.getInt64(info_.checksum)};
    auto* value = llvm::ConstantStruct::getAnon(context_, fields);
    if (info_.library.empty()) {
      new llvm::GlobalVariable(module_, value->getType(), true, llvm::GlobalValue::ExternalLinkage, value,
                               "rvb_compiled_program");
      return;
    }
    auto* datum = new llvm::GlobalVariable(module_, value->getType(), true, llvm::GlobalValue::InternalLinkage, value,
                                           "rvb_library_program");
    // In one object: two libraries of one name whose programs are both needed do not link, rather than one standing for
    // the other.
    for (const std::string& name : {accessor_name(info_.library), hidden_accessor(info_)}) {
      llvm::Function* accessor = function(name);
      accessor->setVisibility(name == accessor_name(info_.library) ? llvm::GlobalValue::DefaultVisibility
                                                                   : llvm::GlobalValue::HiddenVisibility);
      b_.SetInsertPoint(llvm::BasicBlock::Create(context_, "entry", accessor));
      b_.CreateRet(llvm::ConstantExpr::getPointerCast(datum, pointer_));
    }
  }

  llvm::Function* function(const std::string& name) {
    return llvm::Function::Create(llvm::FunctionType::get(pointer_, false), llvm::GlobalValue::ExternalLinkage, name,
                                  module_);
  }

  const ProgramInfo& info_;
  const targets::Target& target_;
  llvm::LLVMContext context_;
  llvm::Module module_;
  llvm::IRBuilder<> b_;
  llvm::Type *i8_, *i32_, *i64_;
  llvm::PointerType* pointer_;
  llvm::StructType *dimension_, *buffer_, *frame_, *port_, *function_entry_;
  llvm::Function* describe_ = nullptr;
  llvm::Value *batch_ = nullptr, *arguments_ = nullptr, *results_ = nullptr, *block_ = nullptr;
  std::map<std::vector<int64_t>, llvm::Constant*> shapes_;
};

} // namespace

std::string ProgramInfo::identity() const {
  const std::string text = library + "\n" + manifest;
  return library.empty() ? "" : hex_digits(fnv(text));
}

void emit_network_name(const ProgramInfo& info, const std::string& network, const targets::Target& target,
                       const std::string& path) {
  Emitter emitter(info, target);
  emitter.emit_network_name(network);
  machine::write_module(emitter.module(), target, machine::Effort::none, machine::OutputKind::object, path);
}

std::string accessor_name(const std::string& library) {
  return "rvb_library_" + library;
}

void emit_program(const std::vector<Plan>& plans, const ProgramInfo& info, const targets::Target& target,
                  machine::OutputKind kind, const std::string& path) {
  Emitter emitter(info, target);
  emitter.emit(plans);
  machine::write_module(emitter.module(), target, machine::Effort::none, kind, path);
}

} // namespace rvb::codegen
