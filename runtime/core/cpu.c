/* Does this CPU have what the program was compiled for? Asked before the first kernel runs: an instruction that the CPU
   lacks would end the program with SIGILL. The compiler's builtins ask cpuid and the operating system (XCR0). The
   compiler asks the same function which target is `native`. */
#include "core/cpu.h"
#include "core/core.h"

#include <string.h>

int rvb_cpu_has(const char* feature) {
#if defined(__x86_64__)
  __builtin_cpu_init();
#define RVB_FEATURE(NAME)                                                                                              \
  if (strcmp(feature, NAME) == 0)                                                                                      \
  return __builtin_cpu_supports(NAME) != 0
  RVB_FEATURE("sse2");
  RVB_FEATURE("sse3");
  RVB_FEATURE("ssse3");
  RVB_FEATURE("sse4.1");
  RVB_FEATURE("sse4.2");
  RVB_FEATURE("popcnt");
  RVB_FEATURE("avx");
  RVB_FEATURE("avx2");
  RVB_FEATURE("fma");
  RVB_FEATURE("bmi");
  RVB_FEATURE("bmi2");
  RVB_FEATURE("avx512f");
  RVB_FEATURE("avx512bw");
  RVB_FEATURE("avx512dq");
  RVB_FEATURE("avx512vl");
  RVB_FEATURE("avx512cd");
  RVB_FEATURE("avx512vbmi");
  RVB_FEATURE("avx512vnni");
#undef RVB_FEATURE
  if (strcmp(feature, "sse41") == 0)
    return __builtin_cpu_supports("sse4.1") != 0;
  if (strcmp(feature, "f16c") == 0) { /* gcc 12 knows no such name; bit 29 of ecx, and the vectors saved as for avx */
    unsigned eax = 1, ebx, ecx = 0, edx;
    __asm__("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return (ecx >> 29 & 1) != 0 && __builtin_cpu_supports("avx");
  }
#endif
  return -1;
}

const char* rvb_missing_feature(const char* const* features) {
  for (; features != NULL && *features != NULL; ++features)
    if (rvb_cpu_has(*features) != 1)
      return *features;
  return NULL;
}
