// What this machine can do at most with some threads: what a profile is held against.
#pragma once

#include <cstdint>
#include <vector>

namespace rvb::runtime {

struct MachineRates {
  int threads = 1;
  // Bytes a second, the faster of reading and copying, over and over, of so many bytes in all threads together: small
  // ones stay in the caches. Ascending.
  struct Bandwidth {
    int64_t bytes = 0;
    double rate = 0;
  };
  std::vector<Bandwidth> bandwidth;
  // Numbers a second, in registers: fused multiply-adds of f32 (a product and a sum where the CPU has no such
  // instruction), and additions.
  double multiply_adds = 0, additions_f32 = 0, additions_i32 = 0, additions_i16 = 0;

  // The rate of the largest set that is not larger: what moves `bytes` is not faster than that.
  double bandwidth_for(int64_t bytes) const;
};

// With the widest vectors among the CPU's `features` that the program asks for (rvb_program). Takes a fifth of a
// second.
MachineRates measure_machine(int threads, const char* const* features);

} // namespace rvb::runtime
