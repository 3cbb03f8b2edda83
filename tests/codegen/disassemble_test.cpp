// The additions-only check must find a multiply that is there, whatever its kind, and pass code that has none.
#include "machine/disassemble.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

using namespace rvb::machine;

namespace {

std::string assemble(const std::string& name, const std::string& body) {
  std::string base = testing::TempDir() + "rvb_" + name;
  std::ofstream(base + ".s") << "  .text\n  .globl kernel\n  .type kernel, @function\nkernel:\n"
                             << body
                             << "  ret\n  .size kernel, . - kernel\n  .section .note.GNU-stack,\"\",@progbits\n";
  std::string command = "c++ -c -x assembler " + base + ".s -o " + base + ".o";
  EXPECT_EQ(std::system(command.c_str()), 0);
  return base + ".o";
}

TEST(Disassemble, AdditionsPass) {
  KernelReport report = inspect_object(
      assemble("additions",
               "  vaddps %ymm0, %ymm1, %ymm2\n  vsubps %ymm0, %ymm1, %ymm2\n  vxorps %ymm3, %ymm4, %ymm5\n"
               "  vpermps (%rdi), %ymm1, %ymm2\n  vpaddd %ymm0, %ymm1, %ymm2\n  lea (%rax,%rbx,4), %rcx\n"),
      "kernel");
  EXPECT_TRUE(report.multiplies.empty());
  EXPECT_EQ(report.instructions, 7);
}

TEST(Disassemble, EveryKindOfMultiplyIsFound) {
  for (const char* instruction :
       {"vmulps %ymm0, %ymm1, %ymm2", "mulss %xmm0, %xmm1", "vfmadd231ps %ymm0, %ymm1, %ymm2",
        "vfnmadd213ss %xmm0, %xmm1, %xmm2", "vpmulld %ymm0, %ymm1, %ymm2", "vpmaddwd %ymm0, %ymm1, %ymm2",
        "vdivps %ymm0, %ymm1, %ymm2", "vrcpps %ymm0, %ymm1", "vsqrtps %ymm0, %ymm1", "vdpps $1, %xmm0, %xmm1, %xmm2",
        "vmulps %zmm0, %zmm1, %zmm2", "vfmadd231ps %zmm0, %zmm1, %zmm2", "vpdpbusd %zmm0, %zmm1, %zmm2",
        "vscalefps %zmm0, %zmm1, %zmm2", "fmul %st(1), %st", "mulps (%rdi), %xmm1"}) {
    KernelReport report = inspect_object(
        assemble("planted", std::string("  vaddps %ymm0, %ymm1, %ymm2\n  ") + instruction + "\n"), "kernel");
    EXPECT_EQ(report.multiplies.size(), 1u) << instruction;
  }
}

TEST(Disassemble, AddressArithmeticIsListedApart) {
  KernelReport report = inspect_object(assemble("address", "  imul $9408, %rax, %rcx\n"), "kernel");
  EXPECT_TRUE(report.multiplies.empty());
  EXPECT_EQ(report.address_arithmetic.size(), 1u);
}

TEST(Disassemble, WrongFilesAreRefused) {
  std::string path = testing::TempDir() + "rvb_garbage.o";
  std::ofstream(path) << "this is no object";
  EXPECT_THROW(inspect_object(path, "kernel"), std::runtime_error);
  EXPECT_THROW(inspect_object(testing::TempDir() + "rvb_absent.o", "kernel"), std::runtime_error);
  EXPECT_THROW(inspect_object(assemble("other", "  nop\n"), "not_there"), std::runtime_error);
}

} // namespace
