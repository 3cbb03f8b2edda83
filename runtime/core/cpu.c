/* Does this CPU have what the program was compiled for? Asked before the first kernel runs: an instruction that the CPU
   lacks would end the program with SIGILL. On x86 the compiler's builtins ask cpuid and the operating system (XCR0), on
   AArch64 the kernel says what there is. rvbc asks the same function which target is `native`. */
#include "core/cpu.h"
#include "core/core.h"

#include <string.h>
#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

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
#elif defined(__aarch64__)
  if (strcmp(feature, "neon") == 0)
    return (getauxval(AT_HWCAP) & HWCAP_ASIMD) != 0;
#endif
  return -1;
}

const char* rvb_lesser_target(const char* target, const char* feature) {
#if defined(__aarch64__)
  (void)feature;
  return strcmp(target, "aarch64") == 0 ? NULL : "aarch64";
#else
  /* `generic` itself asks for SSE4.1; below that only the plain x86-64 is left. */
  if (strcmp(target, "x86-64") == 0)
    return NULL;
  return strcmp(target, "generic") == 0 || strncmp(feature, "sse", 3) == 0 ? "x86-64" : "generic";
#endif
}

const char* rvb_missing_feature(const char* const* features) {
  for (; features != NULL && *features != NULL; ++features)
    if (rvb_cpu_has(*features) != 1)
      return *features;
  return NULL;
}
