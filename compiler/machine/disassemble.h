// The additions-only claim, checked in the machine code (--verify-addonly).
#pragma once

#include <map>
#include <string>
#include <vector>

namespace rvb::machine {

struct Multiply {
  std::string text; // the instruction, as a disassembler prints it
  uint64_t address; // in its function
};

// One function whose name was asked for, with the internal functions of its object that it is made of.
struct KernelReport {
  std::string symbol;
  int64_t instructions = 0;
  std::vector<Multiply> multiplies;         // on data
  std::vector<Multiply> address_arithmetic; // on addresses
};

// Disassembles the code of an object file (all of its functions: a kernel's file holds the kernel and its parallel
// loops' bodies; of a layer's, the section `.text.synapses`). Throws std::runtime_error when the file is no ELF object
// of an architecture of targets/ or holds bytes that do not decode.
KernelReport inspect_object(const std::string& path, const std::string& symbol);

} // namespace rvb::machine
