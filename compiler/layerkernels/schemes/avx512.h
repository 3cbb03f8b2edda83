// The schemes of AVX-512.
#pragma once

#include "layerkernels/scheme.h"

namespace rvb::layerkernels {

std::unique_ptr<Scheme> avx512_words(const Shape& shape); // avx512_words.cpp: i16

// `dense`: cycles of a group of four channels and a vector of outputs without events.
double events_break_even(double dense, double vectors);

} // namespace rvb::layerkernels
