#include "machine/machine.h"

#include "support/environment.h"

#include <llvm-c/Target.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Module.h>
#include <llvm/IR/Verifier.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/FileSystem.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Transforms/InstCombine/InstCombine.h>
#include <llvm/Transforms/Scalar.h>
#include <llvm/Transforms/Scalar/GVN.h>
#include <llvm/Transforms/Utils.h>

#include <memory>
#include <stdexcept>

namespace rvb::machine {

namespace {

std::unique_ptr<llvm::TargetMachine> machine_for(const targets::Target& target) {
#define RVB_ARCHITECTURE(identifier, library, ...)                                                                     \
  LLVMInitialize##library##TargetInfo();                                                                               \
  LLVMInitialize##library##Target();                                                                                   \
  LLVMInitialize##library##TargetMC();                                                                                 \
  LLVMInitialize##library##AsmPrinter();
#include "targets/architectures.def"
#undef RVB_ARCHITECTURE
  const targets::Architecture& architecture = *target.architecture;
  std::string error;
  const llvm::Target* machine_target = llvm::TargetRegistry::lookupTarget(architecture.triple, error);
  if (machine_target == nullptr)
    throw std::runtime_error(std::string("LLVM has no ") + architecture.name + " target: " + error);
  return std::unique_ptr<llvm::TargetMachine>(machine_target->createTargetMachine(
      architecture.triple, architecture.cpu, target.llvm_features(), llvm::TargetOptions(), llvm::Reloc::PIC_,
      llvm::None, llvm::CodeGenOpt::Aggressive));
}

// What the stream could not write would otherwise be fatal when it is destroyed.
void finish(llvm::raw_fd_ostream& out, const std::string& path) {
  out.close();
  const std::error_code error = out.error();
  out.clear_error();
  if (error)
    environment_failed("cannot write " + path, error.value());
}

} // namespace

void write_module(llvm::Module& module, const targets::Target& target, Effort effort, OutputKind kind,
                  const std::string& path) {
  std::string error;
  llvm::raw_string_ostream complaint(error);
  if (llvm::verifyModule(module, &complaint))
    throw std::logic_error("the module is malformed: " + complaint.str());
  std::unique_ptr<llvm::TargetMachine> machine = machine_for(target);
  module.setTargetTriple(target.architecture->triple);
  module.setDataLayout(machine->createDataLayout());
  std::error_code code;
  llvm::raw_fd_ostream out(path, code, llvm::sys::fs::OF_None);
  if (code)
    environment_failed("cannot write " + path, code.value());
  if (effort == Effort::loops) {
    llvm::legacy::PassManager passes;
    passes.add(llvm::createPromoteMemoryToRegisterPass());
    passes.add(llvm::createEarlyCSEPass());
    passes.add(llvm::createInstructionCombiningPass());
    passes.add(llvm::createLICMPass());
    passes.add(llvm::createGVNPass());
    passes.add(llvm::createCFGSimplificationPass());
    passes.run(module);
  }
  if (kind == OutputKind::llvm_ir) {
    module.print(out, nullptr);
    finish(out, path);
    return;
  }
  {
    llvm::legacy::PassManager passes; // owns streams, which end with it
    auto type = kind == OutputKind::object ? llvm::CGFT_ObjectFile : llvm::CGFT_AssemblyFile;
    if (machine->addPassesToEmitFile(passes, out, nullptr, type))
      throw std::logic_error("LLVM cannot emit this kind of file");
    passes.run(module);
  }
  finish(out, path);
}

} // namespace rvb::machine
