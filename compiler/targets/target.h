// Instruction sets to compile for: rows of targets.def. What depends on one asks its row.
#pragma once

#include <string>
#include <vector>

namespace rvb::targets {

// What an instruction does to numbers, as the additions-only check counts it.
enum class Multiplies {
  no,
  data,     // multiply, fused multiply-add, divide, square root, reciprocal, on registers that hold spikes and sums
  addresses // on general-purpose registers, which hold addresses, indices and counts
};

struct Architecture {
  const char* name;          // "x86-64"
  const char* triple;        // for LLVM
  const char* cpu;           // -mcpu
  const char* all_features;  // "+avx2,…": with them a disassembler knows every instruction
  const char* tools;         // "aarch64-linux-gnu-": what the names of GNU tools begin with
  const char* tools_package; // of Debian, with its C++ compiler
  Multiplies (*multiplies)(const std::string& instruction); // as LLVM prints it

  bool is_here() const; // this machine's
};
const std::vector<Architecture>& architectures();

// IDENTIFIER.cpp of each architecture.
#define RVB_ARCHITECTURE(identifier, ...) Multiplies identifier##_multiplies(const std::string& instruction);
#include "targets/architectures.def"
#undef RVB_ARCHITECTURE

struct Target {
  std::string name; // as --target names it
  std::string other_name;
  const Architecture* architecture = nullptr;
  int vector_floats = 1;    // in a vector register
  int vector_registers = 1; //
  std::string tables;       // the table kernels, or "none"
  std::string halide;       // the Halide target string, runtime and checks left out
  std::vector<std::string> features;

  bool has_tables() const { return tables != "none"; }
  std::string llvm_features() const; // "+avx2,+fma,…"
  std::string code() const;          // all that decides the code of a kernel, for its name in caches
  bool runs_here() const;            // this CPU and its operating system have all features
};

const std::vector<Target>& rows();
Target host(); // the most that this CPU and its operating system can run
// By its name, its other name, or "native".
bool find_target(const std::string& name, Target& target);
std::vector<std::string> target_names();

} // namespace rvb::targets
