// What stands in the objects: no multiplication in synapses under signs, no instruction that the target lacks.
#include "harness.h"

#include "ir/text.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

namespace rvb::kernels {

namespace {

namespace fs = std::filesystem;

const char* const binary_conv2d = "func @f(%x: f32[?,14,14,64], %b: u32[9,2,128]) -> (f32[?,14,14,128]) {\n"
                                  "  %r = binary_conv2d(%x, %b) {channels = [64, 128], kernel = [3, 3], pad = [1, 1], "
                                  "stride = [1, 1]} : f32[?,14,14,128]\n  ret(%r)\n}\n";
const char* const binary_linear = "func @f(%x: f32[?,6272], %b: u32[1,196,10]) -> (f32[?,10]) {\n"
                                  "  %r = binary_linear(%x, %b) {channels = [6272, 10]} : f32[?,10]\n  ret(%r)\n}\n";
const char* const conv2d = "func @f(%x: f32[?,8,8,16], %w: f32[3,3,16,32]) -> (f32[?,8,8,32]) {\n"
                           "  %r = conv2d(%x, %w) {pad = [1, 1], stride = [1, 1]} : f32[?,8,8,32]\n  ret(%r)\n}\n";

std::string object_of(const std::string& text, const std::string& target_name, const std::string& file) {
  ir::Module module = ir::parse(text);
  Target target;
  EXPECT_TRUE(find_target(target_name, target));
  std::string path = fs::temp_directory_path() / ("rvb_kernels_test_" + std::to_string(getpid()) + file);
  compile(module.functions[0], module.functions[0].ops[0], target, {}, path);
  return path;
}

// The disassembly, one instruction a line, without addresses and bytes.
std::string disassemble(const std::string& object, const std::string& tools = "") {
  // One of Debian's knows its own architecture alone.
  std::string command = tools + "objdump -d --no-show-raw-insn " + object, text;
  FILE* pipe = popen(command.c_str(), "r");
  char buffer[4096];
  while (pipe != nullptr && fgets(buffer, sizeof buffer, pipe) != nullptr)
    text += buffer;
  EXPECT_EQ(0, pclose(pipe));
  fs::remove(object);
  return text;
}

bool has(const std::string& text, const std::string& pattern) {
  return std::regex_search(text, std::regex(pattern));
}

const std::string multiply =
    "\\sv?(mul[sp][sd]|fn?m(add|sub)[a-z0-9]*|pmul[a-z]+|pmadd[a-z]+|dp[bp][a-z]*|div[sp][sd])\\s";

} // namespace

TEST(MachineCode, SynapsesUnderSignsDoNotMultiply) {
  for (const char* target : {"generic", "avx", "x86-64-v3", "avx512"})
    for (const char* text : {binary_conv2d, binary_linear})
      EXPECT_FALSE(has(disassemble(object_of(text, target, "binary.o")), multiply)) << target << "\n" << text;
}

TEST(MachineCode, TheSearchFindsMultiplies) {
  for (const char* target : {"generic", "avx", "x86-64-v3", "avx512"})
    EXPECT_TRUE(has(disassemble(object_of(conv2d, target, "real.o")), multiply)) << target;
}

TEST(MachineCode, AArch64DoesNotMultiplyEither) {
  const std::string tools = "aarch64-linux-gnu-";
  // On vectors and scalars; general-purpose registers hold addresses.
  const std::string multiplies = "\\s[a-z]*(mul|mla|mls|mad|msub|dot|div|sqrt|recp)[a-z0-9]*\\s+[^xw]";
  for (const char* text : {binary_conv2d, binary_linear}) {
    const std::string code = disassemble(object_of(text, "aarch64", "arm.o"), tools);
    EXPECT_TRUE(has(code, "\\sfadd\\sv[0-9]+\\.4s")) << code;
    EXPECT_FALSE(has(code, multiplies)) << code;
  }
  EXPECT_TRUE(has(disassemble(object_of(conv2d, "aarch64", "arm_real.o"), tools), multiplies));
}

TEST(MachineCode, TargetsKeepToTheirRegisters) {
  for (const char* text : {conv2d, binary_conv2d}) {
    for (const char* target : {"x86-64", "generic"})
      EXPECT_FALSE(has(disassemble(object_of(text, target, "g.o")), "%[yz]mm|\\sv[a-z]+")) << target;
    const std::string avx = disassemble(object_of(text, "avx", "avx.o"));
    EXPECT_TRUE(has(avx, "%ymm"));
    EXPECT_FALSE(has(avx, "%zmm|\\svp[a-z0-9]+\\s[^#\\n]*%ymm|\\svf?n?m(add|sub)[0-9]")) << avx; // no AVX2, no FMA
    std::string v3 = disassemble(object_of(text, "x86-64-v3", "v3.o"));
    EXPECT_TRUE(has(v3, "%ymm"));
    EXPECT_FALSE(has(v3, "%zmm|%k[0-7]|%[xy]mm(1[6-9]|2[0-9]|3[01])"));
    EXPECT_TRUE(has(disassemble(object_of(text, "avx512", "v4.o")), "%zmm"));
  }
}

// Two processes, equal bytes: what the cache and reproducible executables rest on.
TEST(MachineCode, IsReproducible) {
  std::vector<std::string> contents;
  for (int i = 0; i < 2; ++i) {
    std::string path =
        fs::temp_directory_path() / ("rvb_kernels_test_" + std::to_string(getpid()) + "_" + std::to_string(i));
    fflush(nullptr);
    pid_t child = fork();
    if (child == 0) {
      ir::Module module = ir::parse(conv2d);
      Target target;
      find_target("x86-64-v3", target);
      compile(module.functions[0], module.functions[0].ops[0], target, {}, path);
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_EQ(0, status);
    std::ostringstream bytes;
    bytes << std::ifstream(path).rdbuf();
    contents.push_back(bytes.str());
    fs::remove(path);
  }
  EXPECT_FALSE(contents[0].empty());
  EXPECT_TRUE(contents[0] == contents[1]);
}

} // namespace rvb::kernels
