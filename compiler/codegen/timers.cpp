#include "codegen/timers.h"

#include "codegen/profile.h"

#include <llvm/IR/IRBuilder.h>

#include <utility>
#include <vector>

namespace rvb::codegen {

namespace {

struct Timer {
  llvm::Function* function;
  int64_t number;
  std::string kernel;
};

std::vector<Timer> timers_of(llvm::Module& module) {
  std::vector<Timer> timers;
  for (llvm::Function& each : module) {
    Timer timer{&each, 0, ""};
    if (each.isDeclaration() && read_timer_symbol(each.getName().str(), timer.number, timer.kernel))
      timers.push_back(std::move(timer));
  }
  return timers;
}

} // namespace

void emit_timers(llvm::Module& module) {
  llvm::IRBuilder<> b(module.getContext());
  auto* told = llvm::FunctionType::get(b.getVoidTy(), {b.getInt32Ty()}, false);
  for (const Timer& timer : timers_of(module)) { // the module gets functions on the way
    const llvm::FunctionCallee kernel = module.getOrInsertFunction(timer.kernel, timer.function->getFunctionType());
    llvm::Value* number = b.getInt32(static_cast<uint32_t>(timer.number));
    std::vector<llvm::Value*> arguments;
    for (llvm::Argument& argument : timer.function->args())
      arguments.push_back(&argument);
    timer.function->setLinkage(llvm::GlobalValue::InternalLinkage);
    b.SetInsertPoint(llvm::BasicBlock::Create(module.getContext(), "entry", timer.function));
    b.CreateCall(module.getOrInsertFunction("rvb_profile_begin", told), {number});
    llvm::Value* code = b.CreateCall(kernel, arguments);
    b.CreateCall(module.getOrInsertFunction("rvb_profile_end", told), {number});
    b.CreateRet(code);
  }
}

} // namespace rvb::codegen
