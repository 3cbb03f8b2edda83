#include "machine/disassemble.h"

#include "support/environment.h"
#include "targets/target.h"

#include <llvm-c/Disassembler.h>
#include <llvm-c/Target.h>
#include <llvm/Object/ELFObjectFile.h>
#include <llvm/Object/ObjectFile.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace rvb::machine {

namespace {

constexpr size_t largest_object = size_t{256} << 20;

struct DisassemblerDeleter {
  void operator()(void* context) const { LLVMDisasmDispose(context); }
};

using Context = std::unique_ptr<void, DisassemblerDeleter>;

// For the code of `object`, and what its instructions do.
const targets::Architecture& disassembler(const llvm::object::ObjectFile& object, const std::string& path,
                                          Context& context) {
#define RVB_ARCHITECTURE(identifier, library, ...)                                                                     \
  LLVMInitialize##library##TargetInfo();                                                                               \
  LLVMInitialize##library##TargetMC();                                                                                 \
  LLVMInitialize##library##Disassembler();
#include "targets/architectures.def"
#undef RVB_ARCHITECTURE
  std::string known;
  for (const targets::Architecture& architecture : targets::architectures()) {
    known += (known.empty() ? "" : " or ") + std::string(architecture.name);
    if (llvm::Triple(architecture.triple).getArch() != object.getArch())
      continue;
    // Every feature is on, so that no instruction of any target is unknown to the disassembler.
    context.reset(
        LLVMCreateDisasmCPUFeatures(architecture.triple, "", architecture.all_features, nullptr, 0, nullptr, nullptr));
    if (!context)
      throw std::runtime_error(std::string("LLVM has no ") + architecture.name + " disassembler");
    return architecture;
  }
  throw std::runtime_error(path + " holds no " + known + " code");
}

bool defines(const llvm::object::ObjectFile& object, const std::string& symbol) {
  bool found = false;
  for (const llvm::object::SymbolRef& s : object.symbols())
    if (auto name = s.getName())
      found = found || name->str() == symbol;
    else
      llvm::consumeError(name.takeError());
  return found;
}

// A layer's neuron, which may multiply, stands apart from its synapses (layer.h).
bool holds_synapses(const llvm::object::SectionRef& section) {
  auto name = section.getName();
  if (!name) {
    llvm::consumeError(name.takeError());
    return false;
  }
  return *name == ".text.synapses";
}

void inspect(llvm::StringRef code, const Context& context, const targets::Architecture& architecture,
             const std::string& path, KernelReport& report) {
  auto* bytes = reinterpret_cast<uint8_t*>(const_cast<char*>(code.data()));
  for (uint64_t at = 0; at < code.size();) {
    char buffer[256];
    size_t length = LLVMDisasmInstruction(context.get(), bytes + at, code.size() - at, at, buffer, sizeof buffer);
    if (length == 0)
      throw std::runtime_error(path + ": bytes at " + std::to_string(at) + " do not decode");
    ++report.instructions;
    const std::string text = buffer;
    const targets::Multiplies what = architecture.multiplies(text);
    if (what != targets::Multiplies::no) {
      auto& list = what == targets::Multiplies::data ? report.multiplies : report.address_arithmetic;
      list.push_back({text.substr(text.find_first_not_of(" \t")), at});
    }
    at += length;
  }
}

} // namespace

KernelReport inspect_object(const std::string& path, const std::string& symbol) {
  // LLVM's own reader would call a file that cannot be opened no object file.
  const std::string bytes = read_regular_file(path, largest_object);
  auto file = llvm::object::ObjectFile::createObjectFile(llvm::MemoryBufferRef(bytes, path));
  if (!file)
    throw std::runtime_error(path + " is no object file: " + llvm::toString(file.takeError()));
  const llvm::object::ObjectFile& object = **file;
  Context context;
  const targets::Architecture& architecture = disassembler(object, path, context);
  if (!defines(object, symbol))
    throw std::runtime_error(path + " does not define " + symbol);
  KernelReport report;
  report.symbol = symbol;
  const bool apart = std::any_of(object.section_begin(), object.section_end(), holds_synapses);
  for (const llvm::object::SectionRef& section : object.sections()) {
    if (!section.isText() || (apart && !holds_synapses(section)))
      continue;
    auto contents = section.getContents();
    if (!contents)
      throw std::runtime_error(path + ": " + llvm::toString(contents.takeError()));
    inspect(*contents, context, architecture, path, report);
  }
  return report;
}

} // namespace rvb::machine
