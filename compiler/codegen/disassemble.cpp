#include "codegen/disassemble.h"

#include <llvm-c/Disassembler.h>
#include <llvm-c/Target.h>
#include <llvm/Object/ELFObjectFile.h>
#include <llvm/Object/ObjectFile.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace rvb::codegen {

namespace {

std::string mnemonic(const std::string& text) {
  size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string::npos)
    return "";
  return text.substr(begin, text.find_first_of(" \t", begin) - begin);
}

bool contains(const std::string& text, const char* part) {
  return text.find(part) != std::string::npos;
}

// Vector registers hold spikes, sums and weights; general-purpose registers hold addresses, indices and counts.
bool names_vector_register(const std::string& text) {
  return contains(text, "mm") && contains(text, "%");
}

// By mnemonic, AT&T syntax. Packed integer multiplies are pmul*/pmadd* and the VNNI dot products vpdp*.
bool multiplies_or_divides(const std::string& name) {
  for (const char* part : {"mul", "div", "fmadd", "fmsub", "fnmadd", "fnmsub", "madd", "vpdp", "vdp", "dpps", "dppd",
                           "sqrt", "rcp", "scalef"})
    if (contains(name, part))
      return true;
  return false;
}

bool is_x87(const std::string& name) {
  return name.size() > 1 && name[0] == 'f';
}

struct DisassemblerDeleter {
  void operator()(void* context) const { LLVMDisasmDispose(context); }
};

} // namespace

KernelReport inspect_object(const std::string& path, const std::string& symbol) {
  LLVMInitializeX86TargetInfo();
  LLVMInitializeX86TargetMC();
  LLVMInitializeX86Disassembler();
  auto file = llvm::object::ObjectFile::createObjectFile(path);
  if (!file)
    throw std::runtime_error(path + " is no object file: " + llvm::toString(file.takeError()));
  const llvm::object::ObjectFile& object = *file->getBinary();
  if (object.getArch() != llvm::Triple::x86_64)
    throw std::runtime_error(path + " holds no x86-64 code");
  // Every feature is on, so that no instruction of any target is unknown to the disassembler.
  std::unique_ptr<void, DisassemblerDeleter> context(LLVMCreateDisasmCPUFeatures(
      "x86_64-pc-linux-gnu", "", "+avx2,+fma,+f16c,+avx512f,+avx512bw,+avx512dq,+avx512vl,+avx512cd,+avx512vnni",
      nullptr, 0, nullptr, nullptr));
  if (!context)
    throw std::runtime_error("LLVM has no x86-64 disassembler");

  KernelReport report;
  report.symbol = symbol;
  bool found = false;
  for (const llvm::object::SymbolRef& s : object.symbols())
    if (auto name = s.getName())
      found = found || name->str() == symbol;
    else
      llvm::consumeError(name.takeError());
  if (!found)
    throw std::runtime_error(path + " does not define " + symbol);
  // A layer's neuron, which may multiply, stands apart from its synapses (layer.h).
  auto holds_synapses = [](const llvm::object::SectionRef& section) {
    auto name = section.getName();
    if (!name) {
      llvm::consumeError(name.takeError());
      return false;
    }
    return *name == ".text.synapses";
  };
  bool apart = std::any_of(object.section_begin(), object.section_end(), holds_synapses);
  for (const llvm::object::SectionRef& section : object.sections()) {
    if (!section.isText() || (apart && !holds_synapses(section)))
      continue;
    auto contents = section.getContents();
    if (!contents)
      throw std::runtime_error(path + ": " + llvm::toString(contents.takeError()));
    auto* bytes = reinterpret_cast<uint8_t*>(const_cast<char*>(contents->data()));
    for (uint64_t at = 0; at < contents->size();) {
      char text[256];
      size_t length = LLVMDisasmInstruction(context.get(), bytes + at, contents->size() - at, at, text, sizeof text);
      if (length == 0)
        throw std::runtime_error(path + ": bytes at " + std::to_string(at) + " do not decode");
      ++report.instructions;
      std::string name = mnemonic(text);
      if (multiplies_or_divides(name)) {
        auto& list = names_vector_register(text) || is_x87(name) ? report.multiplies : report.address_arithmetic;
        list.push_back({std::string(text).substr(std::string(text).find_first_not_of(" \t")), at});
      }
      at += length;
    }
  }
  return report;
}

} // namespace rvb::codegen
