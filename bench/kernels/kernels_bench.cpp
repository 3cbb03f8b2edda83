// How fast kernels run by themselves, each against what the machine can do at most.
//
//   kernels_bench [--benchmark_filter=conv2d]      RVB_THREADS=1 for one core
//   kernels_bench --serve NAME                     compiles one case, then answers "SECONDS LEAST" with times in ms
//
// Columns: G/s counts multiply-adds, synapses or bytes; `best_ms` is the shortest of the runs (what the machine can do
// when nothing else wants it); `of_bound` is the bound's time over it. The bound of a kernel is the longer of two
// times: its multiply-adds (or its lookups, four or five synapses each) at the rate measured in registers, and its
// bytes at the rate of a loop that reads and writes as many.
#include "compiled.h"

#include "core/core.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <iostream>
#include <stdexcept>

namespace {

struct Peaks {
  double multiply_adds, lookups, lookups_i32, lookups_i16;

  // In registers, of what the case does. Which numbers are looked up stands in its name.
  double of(const Case& c) const {
    auto names = [&](const char* spikes) { return c.name.find(spikes) != std::string::npos; };
    if (c.bound != Case::Bound::lookups)
      return multiply_adds;
    return names(" i32") ? lookups_i32 : names(" i16") ? lookups_i16 : lookups;
  }
};
Peaks peaks;

// One thread is timed by the processor time it got, which a busy machine disturbs less.
double seconds() {
  timespec now{};
  clock_gettime(rvb_threads() == 1 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void measure(benchmark::State& state, const Case& c) {
  Compiled kernel(c);
  double best = 1e9;
  for (auto _ : state) {
    double begin = seconds();
    if (kernel.call() != 0)
      state.SkipWithError("the kernel failed");
    best = std::min(best, seconds() - begin);
  }
  double threads = rvb_threads();
  double bytes = static_cast<double>(kernel.bytes_read() + kernel.bytes_written());
  double work = c.work * static_cast<double>(c.batch);
  double memory = memory_seconds(kernel.bytes_read(), kernel.bytes_written());
  double peak = peaks.of(c);
  double bound = c.bound == Case::Bound::memory || peak == 0 ? memory : std::max(memory, work / peak / threads);
  state.counters["G/s"] = (c.bound == Case::Bound::memory ? bytes : work) / best / 1e9;
  state.counters["of_bound"] = bound / best;
  state.counters["best_ms"] = best * 1e3;
  state.counters["bytes"] = bytes;
  state.counters["work"] = work;
}

// A row of the table of kernels that nothing measures is a fault of cases.cpp; a case without a row waits for its
// kernel.
std::vector<Case> cases_of_table() {
  std::vector<std::string> rows{
#define RVB_KERNEL(name) #name,
#include "kernels/kernels.def"
#undef RVB_KERNEL
      "elementwise"};
  std::vector<Case> cases;
  for (const Case& c : all_cases())
    if (std::find(rows.begin(), rows.end(), c.row) != rows.end())
      cases.push_back(c);
  for (const std::string& row : rows)
    if (std::none_of(cases.begin(), cases.end(), [&](const Case& c) { return c.row == row; }))
      throw std::runtime_error("no case measures `" + row + "`");
  return cases;
}

int serve(const std::vector<Case>& cases, const std::string& name) {
  auto found = std::find_if(cases.begin(), cases.end(), [&](const Case& c) { return c.name == name; });
  if (found == cases.end()) {
    std::cerr << "no case is named `" << name << "`\n";
    return 2;
  }
  Compiled kernel(*found);
  for (int i = 0; i < 3; ++i)
    if (kernel.call() != 0)
      return 1;
  std::cout << "ready" << std::endl;
  double length = 0;
  size_t least = 0;
  while (std::cin >> length >> least) {
    using clock = std::chrono::steady_clock;
    std::string text;
    size_t count = 0;
    for (clock::time_point until =
             clock::now() + std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>(length));
         count < least || (clock::now() < until && count < 1000); ++count) {
      clock::time_point begin = clock::now();
      kernel.call();
      double ms = std::chrono::duration<double, std::milli>(clock::now() - begin).count();
      text += (count == 0 ? "" : ", ") + std::to_string(ms);
    }
    std::cout << "{\"ms\": [" << text << "]}" << std::endl;
  }
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  if (const char* threads = std::getenv("RVB_THREADS"))
    rvb_set_threads(std::atoi(threads));
  const std::vector<Case> cases = cases_of_table();
  if (argc == 3 && std::strcmp(argv[1], "--serve") == 0)
    return serve(cases, argv[2]);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv))
    return 2;
  peaks = {peak_multiply_adds(), peak_lookups(Lookup::f32), peak_lookups(Lookup::i32), peak_lookups(Lookup::i16)};
  benchmark::AddCustomContext("multiply_adds_per_second", std::to_string(peaks.multiply_adds));
  benchmark::AddCustomContext("lookup_synapses_per_second", std::to_string(peaks.lookups));
  benchmark::AddCustomContext("lookup_synapses_per_second_i32", std::to_string(peaks.lookups_i32));
  benchmark::AddCustomContext("lookup_synapses_per_second_i16", std::to_string(peaks.lookups_i16));
  constexpr int64_t far = 256 << 20, near = 256 << 10;
  benchmark::AddCustomContext("bytes_per_second_memory", std::to_string(far / memory_seconds(far, 0)));
  benchmark::AddCustomContext("bytes_per_second_cache", std::to_string(near / memory_seconds(near, 0)));
  for (const Case& c : cases)
    benchmark::RegisterBenchmark(c.name.c_str(), measure, c)
        ->Unit(benchmark::kMillisecond)
        ->MeasureProcessCPUTime()
        ->UseRealTime();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
