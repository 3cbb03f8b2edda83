// What this machine can do at most: what kernels are held against.
#pragma once

#include <cstdint>

// Of one core, the best of many short runs, in registers; 0 where the CPU lacks the instructions.
double peak_multiply_adds(); // fp32 fused multiply-adds a second

// Synapses a second of a table lookup and an addition: AVX-512 permutes of 16 sums of four floats or
// 32-bit integers, or of 32 sums of five 16-bit integers; AVX2 permutes of 8 sums of four floats or 32-bit integers
// with their signs, or of two digits of 32 sums of four 16-bit integers.
enum class Lookup { f32, i32, i16 };
double peak_lookups(Lookup kind);

// The shortest time in which one core reads `read` bytes and writes `written` bytes, over and over: as many as fit stay
// in the caches, as they do for a kernel that is called over and over.
double memory_seconds(int64_t read, int64_t written);
