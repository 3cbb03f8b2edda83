#include "codegen/data.h"

#include "support/environment.h"

#include <cerrno>
#include <fstream>
#include <stdexcept>

namespace rvb::codegen {

std::string data_symbol(const std::string& identity, const std::string& constant) {
  std::string symbol = "rvb_data_";
  for (char c : identity + ":" + constant) // every other character has a number: no two names give one symbol
    symbol +=
        isalnum(static_cast<unsigned char>(c)) ? std::string(1, c) : "_" + std::to_string(static_cast<int>(c)) + "_";
  return symbol;
}

void write_data(const ir::Module& module, const std::string& identity, const std::string& path) {
  std::ofstream bytes(path + ".bin", std::ios::binary);
  std::ofstream assembly(path + ".s");
  assembly << "  .section .note.GNU-stack,\"\",@progbits\n  .section .rodata\n";
  int64_t offset = 0;
  std::string file = path.substr(path.rfind('/') + 1) + ".bin"; // found through -I: no absolute path enters an object
  for (const auto& [name, constant] : module.constants) {
    if (constant.bytes.empty())
      throw std::logic_error("constant @" + name + " has no contents");
    std::string symbol = data_symbol(identity, name);
    assembly << "  .balign 64\n  .globl " << symbol << "\n  .hidden " << symbol << "\n  .type " << symbol
             << ", @object\n  .size " << symbol << ", " << constant.bytes.size() << "\n"
             << symbol << ":\n  .incbin \"" << file << "\", " << offset << ", " << constant.bytes.size() << "\n";
    bytes.write(reinterpret_cast<const char*>(constant.bytes.data()),
                static_cast<std::streamsize>(constant.bytes.size()));
    offset += static_cast<int64_t>(constant.bytes.size());
  }
  bytes.flush();
  assembly.flush();
  if (!bytes || !assembly)
    environment_failed("cannot write " + path + (bytes ? ".s" : ".bin"), errno);
}

} // namespace rvb::codegen
