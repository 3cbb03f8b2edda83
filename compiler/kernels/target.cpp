#include "kernels/kernels.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace rvb::kernels {

namespace {

// The levels of the x86-64 psABI. `generic` is level 2 as far as these kernels can use it: SSE4.1 selects and blends.
std::vector<Target> levels() {
  Target v1;
  v1.name = "x86-64";
  Target generic = v1;
  generic.name = "generic";
  generic.sse41 = true;
  Target v3 = generic;
  v3.name = "x86-64-v3";
  v3.avx = v3.f16c = v3.fma = v3.avx2 = true;
  Target v4 = v3;
  v4.name = "avx512";
  v4.avx512f = v4.avx512bw = v4.avx512dq = v4.avx512vl = v4.avx512cd = true;
  return {v1, generic, v3, v4};
}

#if defined(__x86_64__)
uint64_t saved_by_system() {
  uint32_t low = 0, high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t{high} << 32) | low;
}
#endif

} // namespace

Target host() {
  std::vector<Target> known = levels();
#if defined(__x86_64__)
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & bit_SSE4_1) == 0)
    return known[0];
  bool system_saves_ymm = (c & bit_OSXSAVE) != 0 && (saved_by_system() & 0x6) == 0x6;
  bool level3 = (c & bit_AVX) != 0 && (c & bit_F16C) != 0 && (c & bit_FMA) != 0;
  if (!system_saves_ymm || !level3 || __get_cpuid_count(7, 0, &a, &b, &c, &d) == 0)
    return known[1];
  if ((b & bit_AVX2) == 0 || (b & bit_BMI) == 0 || (b & bit_BMI2) == 0)
    return known[1];
  // Opmask and both halves of the 512-bit registers are saved by the operating system, too.
  bool system_saves_zmm = (saved_by_system() & 0xe6) == 0xe6;
  constexpr unsigned level4 = bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL | bit_AVX512CD;
  return system_saves_zmm && (b & level4) == level4 ? known[3] : known[2];
#else
  return known[0];
#endif
}

bool find_target(const std::string& name, Target& target) {
  if (name == "native") {
    target = host();
    return true;
  }
  for (const Target& level : levels())
    if (level.name == name || (name == "x86-64-v4" && level.avx512f) ||
        (name == "x86-64-v2" && level.name == "generic")) {
      target = level;
      return true;
    }
  return false;
}

std::vector<std::string> target_names() {
  std::vector<std::string> names{"native"};
  for (const Target& level : levels())
    names.push_back(level.name);
  return names;
}

std::vector<std::string> Target::features() const {
  std::vector<std::string> result;
  auto add = [&](bool has, const char* name) {
    if (has)
      result.push_back(name);
  };
  add(sse41, "sse4.1");
  add(avx, "avx");
  add(f16c, "f16c");
  add(fma, "fma");
  add(avx2, "avx2");
  // Halide compiles avx2 for LLVM's "haswell", which brings the bit manipulations.
  add(avx2, "bmi");
  add(avx2, "bmi2");
  add(avx512f, "avx512f");
  add(avx512bw, "avx512bw");
  add(avx512dq, "avx512dq");
  add(avx512vl, "avx512vl");
  add(avx512cd, "avx512cd");
  return result;
}

std::string Target::halide() const {
  std::string text = "x86-64-linux";
  auto add = [&](bool has, const char* name) {
    if (has)
      text += std::string("-") + name;
  };
  add(sse41, "sse41");
  add(avx, "avx");
  add(f16c, "f16c");
  add(fma, "fma");
  add(avx2, "avx2");
  // The skylake set is F, CD, VL, BW and DQ. Never sapphirerapids, which Halide's own detection chooses for AVX512-BF16
  // and which makes LLVM assume instructions that AMD's CPUs lack.
  add(avx512f && avx512bw && avx512dq && avx512vl && avx512cd, "avx512-avx512_skylake");
  return text;
}

std::string Target::llvm_cpu() const {
  return "x86-64";
}

std::string Target::llvm_features() const {
  std::string text;
  for (const std::string& feature : features())
    text += (text.empty() ? "+" : ",+") + feature;
  return text;
}

} // namespace rvb::kernels
