#include "codegen/emit.h"

#include "codegen/data.h"
#include "codegen/ports.h"
#include "codegen/steps.h"
#include "codegen/timers.h"
#include "interface/program.h"
#include "support/fnv.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>

#include <cstdint>

namespace rvb::codegen {

namespace {

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
    port_ = llvm::StructType::create(context_, {pointer_, i32_, i32_, i32_, b_.getFloatTy(), pointer_}, "rvb_port");
    function_entry_ = llvm::StructType::create(
        context_, {pointer_, pointer_, i64_, i64_, i32_, i32_, pointer_, pointer_}, "rvb_function");
  }

  void emit(const std::vector<Plan>& plans) {
    Steps steps(module_, [this](const std::string& name) { return constant(name); });
    std::vector<llvm::Constant*> entries;
    for (const Plan& plan : plans)
      entries.push_back(entry(plan, steps.emit(plan)));
    emit_timers(module_);
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

  llvm::Constant* array(llvm::Type* element, const std::vector<llvm::Constant*>& values, const char* name) {
    return read_only_array(module_, element, values, name);
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

  // rvb_function of runtime/interface/program.h.
  llvm::Constant* entry(const Plan& plan, llvm::Function* function) {
    return llvm::ConstantStruct::get(function_entry_, {text(plan.function, "rvb_name"), pointer(function),
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
  llvm::StructType *port_, *function_entry_;
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
