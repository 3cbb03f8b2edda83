#include "evaluation/machine_rates.h"

#include "core/core.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <new>
#include <omp.h>

#if defined(__x86_64__)
#include <immintrin.h>
#define RVB_KEEP(x) __asm__ volatile("" : "+v"(x))
#elif defined(__aarch64__)
#include <arm_neon.h>
#define RVB_KEEP(x) __asm__ volatile("" : "+w"(x))
#else
#define RVB_KEEP(x) __asm__ volatile("" : "+m"(x))
#endif

namespace rvb::runtime {

namespace {

constexpr int chains = 12; // more than latency times throughput

// NAME(rounds): `rounds` times `step` on a vector v in each of the chains, with x and y that change nothing much. Gives
// how many numbers that were.
#define RVB_CHAINS(NAME, ATTRIBUTE, NUMBER, BYTES, STEP)                                                               \
  ATTRIBUTE double NAME(int64_t rounds) {                                                                              \
    typedef NUMBER Vector __attribute__((vector_size(BYTES)));                                                         \
    Vector sums[chains] = {}, x = {}, y = {};                                                                          \
    RVB_KEEP(x);                                                                                                       \
    RVB_KEEP(y);                                                                                                       \
    for (int64_t i = 0; i < rounds; ++i)                                                                               \
      for (Vector & v : sums) {                                                                                        \
        STEP;                                                                                                          \
        RVB_KEEP(v);                                                                                                   \
      }                                                                                                                \
    return static_cast<double>(rounds) * chains * (BYTES / sizeof(NUMBER));                                            \
  }
// NAME(from, bytes): reads whole kilobytes.
#define RVB_READ(NAME, ATTRIBUTE, BYTES)                                                                               \
  ATTRIBUTE void NAME(const char* from, int64_t bytes) {                                                               \
    typedef int Vector __attribute__((vector_size(BYTES), may_alias));                                                 \
    Vector sums[8] = {};                                                                                               \
    for (int64_t at = 0; at < bytes; at += 8 * BYTES)                                                                  \
      for (int i = 0; i < 8; ++i)                                                                                      \
        sums[i] |= *reinterpret_cast<const Vector*>(from + at + i * BYTES);                                            \
    for (Vector & v : sums)                                                                                            \
      RVB_KEEP(v);                                                                                                     \
  }

using Chains = double (*)(int64_t rounds);
using Read = void (*)(const char* from, int64_t bytes);
struct Loops {
  Chains multiply_adds, f32, i32, i16;
  Read read;
};

#define RVB_NOTHING
RVB_CHAINS(add_f32, RVB_NOTHING, float, 16, v += x)
RVB_CHAINS(add_i32, RVB_NOTHING, int, 16, v += x)
RVB_CHAINS(add_i16, RVB_NOTHING, short, 16, v += x)
RVB_READ(read, RVB_NOTHING, 16)
#if defined(__aarch64__)
RVB_CHAINS(multiply_add, RVB_NOTHING, float, 16, v = vfmaq_f32(v, x, y))
#else
RVB_CHAINS(multiply_add, RVB_NOTHING, float, 16, v = v * x + y)
#endif
constexpr Loops plain = {multiply_add, add_f32, add_i32, add_i16, read};

#if defined(__x86_64__)
#define RVB_AVX __attribute__((target("avx")))
RVB_CHAINS(add_f32_avx, RVB_AVX, float, 32, v += x)
RVB_CHAINS(multiply_add_avx, RVB_AVX, float, 32, v = v * x + y)
RVB_READ(read_avx, RVB_AVX, 32)
constexpr Loops avx = {multiply_add_avx, add_f32_avx, add_i32, add_i16, read_avx};

#define RVB_AVX2 __attribute__((target("avx2,fma")))
RVB_CHAINS(add_i32_avx2, RVB_AVX2, int, 32, v += x)
RVB_CHAINS(add_i16_avx2, RVB_AVX2, short, 32, v += x)
RVB_CHAINS(multiply_add_avx2, RVB_AVX2, float, 32, v = _mm256_fmadd_ps(v, x, y))
constexpr Loops avx2 = {multiply_add_avx2, add_f32_avx, add_i32_avx2, add_i16_avx2, read_avx};

#define RVB_AVX512 __attribute__((target("avx512f,avx512bw")))
RVB_CHAINS(add_f32_avx512, RVB_AVX512, float, 64, v += x)
RVB_CHAINS(add_i32_avx512, RVB_AVX512, int, 64, v += x)
RVB_CHAINS(add_i16_avx512, RVB_AVX512, short, 64, v += x)
RVB_CHAINS(multiply_add_avx512, RVB_AVX512, float, 64, v = _mm512_fmadd_ps(v, x, y))
RVB_READ(read_avx512, RVB_AVX512, 64)
constexpr Loops avx512 = {multiply_add_avx512, add_f32_avx512, add_i32_avx512, add_i16_avx512, read_avx512};
#endif

const Loops& loops_for(const char* const* features) {
#if defined(__x86_64__)
  const auto has = [&](const char* wanted) {
    for (const char* const* feature = features; *feature != nullptr; ++feature)
      if (std::strcmp(*feature, wanted) == 0)
        return true;
    return false;
  };
  if (has("avx512f") && has("avx512bw"))
    return avx512;
  if (has("avx2") && has("fma"))
    return avx2;
  if (has("avx"))
    return avx;
#endif
  (void)features;
  return plain;
}

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// The shortest of some runs of `work(thread)` in all threads at once, from the first that begins to the last that ends.
template <typename Work> double shortest(int threads, int runs, const Work& work) {
  double best = 1e30;
  for (int run = 0; run < runs; ++run) {
    double begin = 0, end = 0;
#pragma omp parallel num_threads(threads)
    {
#pragma omp barrier
#pragma omp master
      begin = now();
      work(omp_get_thread_num());
#pragma omp barrier
#pragma omp master
      end = now();
    }
    best = std::min(best, end - begin);
  }
  return best;
}

double peak(int threads, Chains chain) {
  constexpr int64_t rounds = 100'000;
  const double numbers = chain(0) + threads * static_cast<double>(chain(1)) * rounds;
  return numbers / std::max(1e-9, shortest(threads, 8, [&](int) { chain(rounds); }));
}

class Block {
public:
  explicit Block(int64_t bytes) : data_(static_cast<char*>(rvb_allocate(static_cast<size_t>(bytes)))) {
    if (data_ == nullptr)
      throw std::bad_alloc();
    std::memset(data_, 0, static_cast<size_t>(bytes));
  }
  ~Block() { rvb_release(data_); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  char* data() { return data_; }

private:
  char* data_;
};

} // namespace

double MachineRates::bandwidth_for(int64_t bytes) const {
  double rate = bandwidth.front().rate;
  for (const Bandwidth& each : bandwidth)
    if (each.bytes <= bytes)
      rate = each.rate;
  return rate;
}

MachineRates measure_machine(int threads, const char* const* features) {
  const Loops& loops = loops_for(features);
  MachineRates rates;
  rates.threads = threads;
  rates.multiply_adds = peak(threads, loops.multiply_adds);
  rates.additions_f32 = peak(threads, loops.f32);
  rates.additions_i32 = peak(threads, loops.i32);
  rates.additions_i16 = peak(threads, loops.i16);
  constexpr int64_t largest = int64_t{64} << 20;
  Block block(largest);
  for (int64_t bytes = int64_t{16} << 10; bytes <= largest; bytes *= 4) {
    const int64_t part = bytes / threads / 2048 * 2048; // of a thread: two halves of whole kilobytes
    if (part == 0)
      continue;
    const int64_t rounds = std::max<int64_t>(1, (int64_t{8} << 20) / bytes);
    const auto rate = [&](double seconds) {
      return static_cast<double>(rounds * part) * threads / std::max(1e-9, seconds);
    };
    const double reading = rate(shortest(threads, 6, [&](int thread) {
      for (int64_t i = 0; i < rounds; ++i)
        loops.read(block.data() + thread * part, part);
    }));
    const double copying = rate(shortest(threads, 6, [&](int thread) {
      char* data = block.data() + thread * part;
      for (int64_t i = 0; i < rounds; ++i) {
        std::memcpy(data, data + part / 2, static_cast<size_t>(part / 2));
        __asm__ volatile("" ::: "memory");
      }
    }));
    rates.bandwidth.push_back({bytes, std::max(reading, copying)});
  }
  if (rates.bandwidth.empty()) // of very many threads
    rates.bandwidth.push_back({0, 1e12});
  return rates;
}

} // namespace rvb::runtime
