// A plan as an LLVM function: buffers found and described, kernels called in order, loops over the steps of time.
#pragma once

#include "codegen/plan.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>

#include <functional>
#include <map>

namespace rvb::codegen {

// A read-only array with internal linkage; a pointer to its first element.
llvm::Constant* read_only_array(llvm::Module& module, llvm::Type* element, const std::vector<llvm::Constant*>& values,
                                const char* name);

class Steps {
public:
  // `constant` gives the address of a constant of the IR's module.
  using Constants = std::function<llvm::Constant*(const std::string& name)>;
  Steps(llvm::Module& module, Constants constant);

  // int32_t rvb_function_NAME(rvb_frame*), of internal linkage.
  llvm::Function* emit(const Plan& plan);

private:
  void emit_describe();
  llvm::Function* emit_body(const Plan& plan);
  void emit_bodies(const Plan& plan);
  void emit_calls(const Plan& plan);
  void emit_call(const Plan& plan, const Call& call, llvm::Value* buffers, llvm::Value* dims);
  void emit_copy(const Plan& plan, const Call& call);
  void emit_count(const Plan& plan, const Call& call);
  void refuse_large_batches(const Plan& plan);
  void return_failure(llvm::Value* code); // of a kernel or a body; goes on where there is none

  // steps_loop.cpp
  void emit_loop(const Plan& plan, const Call& call);
  void emit_step(const Plan& plan, const Loop& loop, llvm::Value* time, const std::vector<llvm::Value*>& before,
                 const std::vector<llvm::Value*>& after, llvm::Value* arguments, llvm::Value* results);
  void emit_fill(llvm::Value* place, const Buffer& buffer, double number);

  llvm::Value* address(const Plan& plan, int buffer);
  llvm::Value* bytes(const Buffer& buffer, int64_t parts = 1); // of one of `parts` equal parts
  llvm::Constant* shape(const kernels::View& view);
  llvm::BasicBlock* block(const char* name);

  llvm::Module& module_;
  llvm::LLVMContext& context_;
  Constants constant_;
  llvm::IRBuilder<> b_;
  llvm::Type *i8_, *i32_, *i64_;
  llvm::PointerType* pointer_;
  llvm::StructType *dimension_, *buffer_, *frame_;
  llvm::Function* describe_ = nullptr;
  std::map<std::vector<int64_t>, llvm::Constant*> shapes_;
  std::map<const Loop*, llvm::Function*> bodies_;

  // Of the function that is being written.
  llvm::Function* function_ = nullptr;
  llvm::Value *batch_ = nullptr, *arguments_ = nullptr, *results_ = nullptr;
  llvm::Value *static_block_ = nullptr, *sample_block_ = nullptr;
};

} // namespace rvb::codegen
