#include "bounds.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <ctime>

#if defined(__x86_64__)
#include <immintrin.h>

namespace {

double seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

constexpr int64_t rounds = 100'000;
constexpr int chains = 12; // more than latency times throughput

// The best rate of `operation`, which does `rounds` rounds of `work` each.
template <typename Operation> double rate(double work, Operation operation) {
  double best = 1e9;
  for (int i = 0; i < 40; ++i) {
    double begin = seconds();
    operation();
    best = std::min(best, seconds() - begin);
  }
  return static_cast<double>(rounds) * work / best;
}

// The compiler must believe that somebody reads the sums.
#define KEEP(a)                                                                                                        \
  for (auto& v : a)                                                                                                    \
  __asm__ volatile("" : "+v"(v))

__attribute__((target("avx2,fma"))) void multiply_add_8() {
  __m256 a[chains], x = _mm256_set1_ps(0.999f), y = _mm256_set1_ps(0.001f);
  for (auto& v : a)
    v = y;
  for (int64_t i = 0; i < rounds; ++i) {
    for (auto& v : a)
      v = _mm256_fmadd_ps(v, x, y);
    KEEP(a);
  }
}

__attribute__((target("avx512f"))) void multiply_add_16() {
  __m512 a[chains], x = _mm512_set1_ps(0.999f), y = _mm512_set1_ps(0.001f);
  for (auto& v : a)
    v = y;
  for (int64_t i = 0; i < rounds; ++i) {
    for (auto& v : a)
      v = _mm512_fmadd_ps(v, x, y);
    KEEP(a);
  }
}

// Twelve sums: lookups first, additions after them, which is the fastest order. Left to the compiler, sums or lookups
// go through memory.
#define LOOK_UP(permute, to, index) permute " %%zmm28, %%zmm" #index ", %%zmm" #to "\n"
#define ADD(add, sum, term) add " %%zmm" #term ", %%zmm" #sum ", %%zmm" #sum "\n"
#define LOOKUPS(permute, add)                                                                                          \
  for (int64_t i = 0; i < rounds; ++i)                                                                                 \
  __asm__ volatile(LOOK_UP(permute, 12, 24) LOOK_UP(permute, 13, 25) LOOK_UP(permute, 14, 26) LOOK_UP(permute, 15, 27) \
                       LOOK_UP(permute, 16, 24) LOOK_UP(permute, 17, 25) LOOK_UP(permute, 18, 26)                      \
                           LOOK_UP(permute, 19, 27) LOOK_UP(permute, 20, 24) LOOK_UP(permute, 21, 25)                  \
                               LOOK_UP(permute, 22, 26) LOOK_UP(permute, 23, 27) ADD(add, 0, 12) ADD(add, 1, 13)       \
                                   ADD(add, 2, 14) ADD(add, 3, 15) ADD(add, 4, 16) ADD(add, 5, 17) ADD(add, 6, 18)     \
                                       ADD(add, 7, 19) ADD(add, 8, 20) ADD(add, 9, 21) ADD(add, 10, 22)                \
                                           ADD(add, 11, 23)                                                            \
                   :                                                                                                   \
                   :                                                                                                   \
                   : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", \
                     "xmm12", "xmm13", "xmm14", "xmm15", "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21",         \
                     "xmm22", "xmm23", "xmm24", "xmm25", "xmm26", "xmm27", "xmm28")

__attribute__((target("avx512f"))) void start_lookups() { // no stale numbers that are slow to add
  __asm__ volatile("vzeroall" ::
                       : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
                         "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
  __asm__ volatile("vpxord %%zmm28, %%zmm28, %%zmm28" ::: "xmm28");
}

__attribute__((target("avx512f"))) void lookup_f32() {
  start_lookups();
  LOOKUPS("vpermps", "vaddps");
}

__attribute__((target("avx512f"))) void lookup_i32() {
  start_lookups();
  LOOKUPS("vpermd", "vpaddd");
}

__attribute__((target("avx512f,avx512bw"))) void lookup_i16() {
  start_lookups();
  LOOKUPS("vpermw", "vpaddw");
}

// The same on registers of 8 numbers, where a lookup is followed by its sign: six sums. Integers count their
// negative signs apart (layerkernels/schemes/avx2.cpp).
#define SIX(step) step(0, 6) step(1, 7) step(2, 8) step(3, 9) step(4, 10) step(5, 11)
#define SIGNED_LOOKUPS(look_up, turn, add)                                                                             \
  for (int64_t i = 0; i < rounds; ++i)                                                                                 \
  __asm__ volatile(SIX(look_up) SIX(turn) SIX(add)::                                                                   \
                       : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",      \
                         "xmm11", "xmm12", "xmm13", "xmm14")
#define PERMUTE_F32(sum, to) "vpermps %%ymm12, %%ymm13, %%ymm" #to "\n"
#define TURN_F32(sum, to) "vxorps %%ymm14, %%ymm" #to ", %%ymm" #to "\n"
#define ADD_F32(sum, to) "vaddps %%ymm" #to ", %%ymm" #sum ", %%ymm" #sum "\n"
#define PERMUTE_I32(sum, to) "vpermd %%ymm12, %%ymm13, %%ymm" #to "\n"
#define TURN_I32(sum, to) "vpxor %%ymm14, %%ymm" #to ", %%ymm" #to "\n"
#define ADD_I32(sum, to) "vpaddd %%ymm" #to ", %%ymm" #sum ", %%ymm" #sum "\n"

__attribute__((target("avx2"))) void start_signed_lookups() {
  __asm__ volatile("vzeroall" ::
                       : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
                         "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}

__attribute__((target("avx2"))) void signed_lookup_f32() {
  start_signed_lookups();
  SIGNED_LOOKUPS(PERMUTE_F32, TURN_F32, ADD_F32);
}

__attribute__((target("avx2"))) void signed_lookup_i32() {
  start_signed_lookups();
  SIGNED_LOOKUPS(PERMUTE_I32, TURN_I32, ADD_I32);
}

// Four lookups of 32 outputs in both digits, added as bytes, then to even and odd sums
// (layerkernels/schemes/avx2_bytes.cpp).
#define LOOK_UP_BYTES(to) "vpshufb %%ymm12, %%ymm13, %%ymm" #to "\n"
#define ADD_BYTES(sum, term) "vpaddb %%ymm" #term ", %%ymm" #sum ", %%ymm" #sum "\n"
#define ADD_SHORTS(sum, term) "vpaddw %%ymm" #term ", %%ymm" #sum ", %%ymm" #sum "\n"
#define ODD_BYTES(to, from) "vpsrlw $8, %%ymm" #from ", %%ymm" #to "\n"

__attribute__((target("avx2"))) void lookup_bytes() {
  start_signed_lookups();
  for (int64_t i = 0; i < rounds; ++i)
    __asm__ volatile(LOOK_UP_BYTES(0) LOOK_UP_BYTES(1) LOOK_UP_BYTES(2) LOOK_UP_BYTES(3) LOOK_UP_BYTES(4)
                         LOOK_UP_BYTES(5) LOOK_UP_BYTES(6) LOOK_UP_BYTES(7) ADD_BYTES(0, 1) ADD_BYTES(2, 3)
                             ADD_BYTES(4, 5) ADD_BYTES(6, 7) ADD_BYTES(0, 2) ADD_BYTES(4, 6) ODD_BYTES(1, 0)
                                 ODD_BYTES(5, 4) ADD_SHORTS(8, 0) ADD_SHORTS(9, 1) ADD_SHORTS(10, 4) ADD_SHORTS(11, 5)::
                                     : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
                                       "xmm10", "xmm11", "xmm12", "xmm13");
}

// Reads and writes in proportion, 4 KiB at a time. Aligned to 64 bytes, whole pages.
__attribute__((target("avx2"))) void stream(const char* from, int64_t read, char* to, int64_t written) {
  constexpr int64_t page = 4096;
  int64_t pages = std::max(read, written) / page, next = 0;
  int64_t less = std::min(read, written) / page, more = std::max<int64_t>(1, pages);
  __m256 sums[8];
  for (auto& v : sums)
    v = _mm256_setzero_ps();
  for (int64_t p = 0; p < pages; ++p) {
    bool both = (p + 1) * less / more > next; // the smaller side moves at its own pace
    int64_t r = read >= written ? p : next, w = read >= written ? next : p;
    if (read >= written || both)
      for (int64_t i = 0; i < page; i += 256)
        for (int j = 0; j < 8; ++j)
          sums[j] = _mm256_add_ps(sums[j], _mm256_load_ps(reinterpret_cast<const float*>(from + r * page + i) + 8 * j));
    if (written > read || both)
      for (int64_t i = 0; i < page; i += 32)
        _mm256_store_ps(reinterpret_cast<float*>(to + w * page + i), sums[0]);
    next += both ? 1 : 0;
  }
  KEEP(sums);
}

bool avx512() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
}

} // namespace

double peak_multiply_adds() {
  if (avx512())
    return rate(chains * 16, multiply_add_16);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return rate(chains * 8, multiply_add_8);
  return 0;
}

double peak_lookups(Lookup kind) {
  if (!avx512()) {
    if (!__builtin_cpu_supports("avx2"))
      return 0;
    switch (kind) {
    case Lookup::f32: return rate(6 * 8 * 4, signed_lookup_f32);
    case Lookup::i32: return rate(6 * 8 * 4, signed_lookup_i32);
    case Lookup::i16: return rate(4 * 32 * 4, lookup_bytes);
    }
  }
  switch (kind) {
  case Lookup::f32: return rate(chains * 16 * 4, lookup_f32);
  case Lookup::i32: return rate(chains * 16 * 4, lookup_i32);
  case Lookup::i16: return rate(chains * 32 * 5, lookup_i16);
  }
  return 0;
}

double memory_seconds(int64_t read, int64_t written) {
  if (!__builtin_cpu_supports("avx2"))
    return 0;
  constexpr int64_t page = 4096;
  auto up = [](int64_t bytes) { return (bytes + page - 1) / page * page; };
  auto room = [&](int64_t bytes) {
    char* data = static_cast<char*>(std::aligned_alloc(page, static_cast<size_t>(std::max(page, up(bytes)))));
    std::memset(data, 0, static_cast<size_t>(std::max(page, up(bytes))));
    return data;
  };
  char *from = room(read), *to = room(written);
  double best = 1e9;
  for (int i = 0; i < 20; ++i) {
    double begin = seconds();
    stream(from, up(read), to, up(written));
    best = std::min(best, seconds() - begin);
  }
  std::free(from);
  std::free(to);
  return best;
}
#else
double peak_multiply_adds() {
  return 0;
}
double peak_lookups(Lookup) {
  return 0;
}
double memory_seconds(int64_t, int64_t) {
  return 0;
}
#endif
