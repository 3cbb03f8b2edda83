#pragma once

#include <cstdint>

// Multiply-adds a second of one core with AVX2 and FMA, the best of many short runs; 0 where there is neither.
double peak_multiply_adds();
