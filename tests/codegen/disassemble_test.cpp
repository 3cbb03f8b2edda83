// The additions-only check must find a multiply that is there, whatever its kind, and pass code that has none.
#include "machine/disassemble.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

using namespace rvb::machine;

namespace {

std::string assemble(const std::string& name, const std::string& body, const std::string& compiler = "c++") {
  std::string base = testing::TempDir() + "rvb_" + name;
  std::ofstream(base + ".s") << "  .text\n  .globl kernel\n  .type kernel, @function\nkernel:\n"
                             << body
                             << "  ret\n  .size kernel, . - kernel\n  .section .note.GNU-stack,\"\",@progbits\n";
  std::string command = compiler + " -c -x assembler " + base + ".s -o " + base + ".o";
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

// Of AArch64, GNU's assembler knows more than LLVM's disassembler is to find: by their names in Arm's manual.
const char* const aarch64 = "aarch64-linux-gnu-g++ -Xassembler -march=armv8.6-a+sve2+fp16+fp16fml+crypto";

TEST(Disassemble, AdditionsOfAArch64Pass) {
  KernelReport report = inspect_object(
      assemble(
          "arm_additions",
          "  fadd v0.4s, v1.4s, v2.4s\n  fsub s0, s1, s2\n  tbl v0.16b, {v1.16b, v2.16b}, v3.16b\n"
          "  uadalp v0.8h, v1.16b\n  uaddw2 v0.4s, v1.4s, v2.8h\n  sri v0.16b, v1.16b, #4\n  ushll v0.4s, v1.4h, #8\n"
          "  bit v0.16b, v1.16b, v2.16b\n  eor v0.16b, v1.16b, v2.16b\n  uzp1 v0.16b, v1.16b, v2.16b\n"
          "  smax v0.8h, v1.8h, v2.8h\n  ldp q0, q1, [x0], #32\n  add x0, x1, x2, lsl #4\n  fmov s0, w1\n",
          aarch64),
      "kernel");
  EXPECT_TRUE(report.multiplies.empty()) << report.multiplies[0].text;
  EXPECT_TRUE(report.address_arithmetic.empty()) << report.address_arithmetic[0].text;
  EXPECT_EQ(report.instructions, 15);
}

TEST(Disassemble, EveryKindOfMultiplyOfAArch64IsFound) {
  const std::vector<std::string> instructions = {"fmul v0.4s, v1.4s, v2.4s",
                                                 "fmul s0, s1, s2",
                                                 "fmul v0.4s, v1.4s, v2.s[1]",
                                                 "fmulx v0.4s, v1.4s, v2.4s",
                                                 "fmla v0.4s, v1.4s, v2.4s",
                                                 "fmls v0.4s, v1.4s, v2.4s",
                                                 "fmla v0.4s, v1.4s, v2.s[3]",
                                                 "fmla v0.8h, v1.8h, v2.8h",
                                                 "fmadd s0, s1, s2, s3",
                                                 "fmsub d0, d1, d2, d3",
                                                 "fnmadd s0, s1, s2, s3",
                                                 "fnmsub s0, s1, s2, s3",
                                                 "fnmul s0, s1, s2",
                                                 "fdiv v0.4s, v1.4s, v2.4s",
                                                 "fdiv s0, s1, s2",
                                                 "fsqrt s0, s1",
                                                 "frecpe v0.4s, v1.4s",
                                                 "frecps v0.4s, v1.4s, v2.4s",
                                                 "frsqrte v0.4s, v1.4s",
                                                 "frsqrts v0.4s, v1.4s, v2.4s",
                                                 "urecpe v0.4s, v1.4s",
                                                 "mul v0.8h, v1.8h, v2.8h",
                                                 "mul v0.4s, v1.4s, v2.s[1]",
                                                 "mla v0.16b, v1.16b, v2.16b",
                                                 "mls v0.4s, v1.4s, v2.4s",
                                                 "smull v0.8h, v1.8b, v2.8b",
                                                 "umull2 v0.4s, v1.8h, v2.8h",
                                                 "smlal v0.4s, v1.4h, v2.4h",
                                                 "umlal2 v0.2d, v1.4s, v2.4s",
                                                 "smlsl v0.4s, v1.4h, v2.4h",
                                                 "umlsl v0.4s, v1.4h, v2.4h",
                                                 "sqdmulh v0.4s, v1.4s, v2.4s",
                                                 "sqrdmulh v0.8h, v1.8h, v2.8h",
                                                 "sqdmull v0.4s, v1.4h, v2.4h",
                                                 "sqdmlal v0.4s, v1.4h, v2.4h",
                                                 "sqrdmlah v0.4s, v1.4s, v2.4s",
                                                 "pmul v0.16b, v1.16b, v2.16b",
                                                 "pmull v0.8h, v1.8b, v2.8b",
                                                 "sdot v0.4s, v1.16b, v2.16b",
                                                 "udot v0.4s, v1.16b, v2.4b[1]",
                                                 "usdot v0.4s, v1.16b, v2.16b",
                                                 "sudot v0.4s, v1.16b, v2.4b[0]",
                                                 "smmla v0.4s, v1.16b, v2.16b",
                                                 "ummla v0.4s, v1.16b, v2.16b",
                                                 "usmmla v0.4s, v1.16b, v2.16b",
                                                 "bfdot v0.4s, v1.8h, v2.8h",
                                                 "bfmmla v0.4s, v1.8h, v2.8h",
                                                 "bfmlalb v0.4s, v1.8h, v2.8h",
                                                 "fmlal v0.4s, v1.4h, v2.4h",
                                                 "fmlsl2 v0.4s, v1.4h, v2.4h",
                                                 "fcmla v0.4s, v1.4s, v2.4s, #90",
                                                 "mul z0.s, z1.s, z2.s",
                                                 "fmla z0.s, p0/m, z1.s, z2.s",
                                                 "fmad z0.s, p0/m, z1.s, z2.s",
                                                 "msb z0.s, p0/m, z1.s, z2.s",
                                                 "sdot z0.s, z1.b, z2.b",
                                                 "sdiv z0.s, p0/m, z0.s, z1.s",
                                                 "fscale z0.s, p0/m, z0.s, z1.s"};
  std::string body;
  for (const std::string& instruction : instructions)
    body += "  fadd v0.4s, v1.4s, v2.4s\n  " + instruction + "\n";
  const KernelReport report = inspect_object(assemble("arm_multiplies", body, aarch64), "kernel");
  ASSERT_EQ(report.multiplies.size(), instructions.size());
  for (size_t i = 0; i < instructions.size(); ++i)
    EXPECT_EQ(8 * i + 4, report.multiplies[i].address) << instructions[i] << ": " << report.multiplies[i].text;
}

TEST(Disassemble, AddressArithmeticOfAArch64IsListedApart) {
  const KernelReport report = inspect_object(
      assemble("arm_address",
               "  mul x0, x1, x2\n  madd x0, x1, x2, x3\n  msub w0, w1, w2, w3\n  smaddl x0, w1, w2, x3\n"
               "  umull x0, w1, w2\n  smulh x0, x1, x2\n  mneg x0, x1, x2\n  umnegl x0, w1, w2\n  sdiv x0, x1, x2\n"
               "  udiv w0, w1, w2\n",
               aarch64),
      "kernel");
  EXPECT_TRUE(report.multiplies.empty()) << report.multiplies[0].text;
  EXPECT_EQ(report.address_arithmetic.size(), 10u);
}

TEST(Disassemble, WrongFilesAreRefused) {
  std::string path = testing::TempDir() + "rvb_garbage.o";
  std::ofstream(path) << "this is no object";
  EXPECT_THROW(inspect_object(path, "kernel"), std::runtime_error);
  EXPECT_THROW(inspect_object(testing::TempDir() + "rvb_absent.o", "kernel"), std::runtime_error);
  EXPECT_THROW(inspect_object(assemble("other", "  nop\n"), "not_there"), std::runtime_error);
}

} // namespace
