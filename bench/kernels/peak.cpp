// What the machine can do at most: independent fused multiply-adds in registers.
#include "peak.h"

#include <algorithm>
#include <ctime>

#if defined(__x86_64__)
#include <immintrin.h>

namespace {

double seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

__attribute__((target("avx2,fma"))) float chain(int64_t rounds) {
  __m256 a[10];
  __m256 x = _mm256_set1_ps(0.999f), y = _mm256_set1_ps(0.001f);
  for (auto& v : a)
    v = y;
  for (int64_t i = 0; i < rounds; ++i) {
    for (auto& v : a)
      v = _mm256_fmadd_ps(v, x, y);
    __asm__ volatile("" : "+x"(a[0]), "+x"(a[1]), "+x"(a[2]), "+x"(a[3]), "+x"(a[4]));
  }
  __m256 sum = a[0];
  for (int i = 1; i < 10; ++i)
    sum = _mm256_add_ps(sum, a[i]);
  return _mm256_cvtss_f32(sum);
}

} // namespace

double peak_multiply_adds() {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
    return 0;
  constexpr int64_t rounds = 200'000;
  double best = 1e9;
  volatile float sink = 0;
  for (int i = 0; i < 40; ++i) {
    double begin = seconds();
    sink = sink + chain(rounds);
    best = std::min(best, seconds() - begin);
  }
  return static_cast<double>(rounds) * 80 / best;
}
#else
double peak_multiply_adds() {
  return 0;
}
#endif
