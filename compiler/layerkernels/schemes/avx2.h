// The schemes of AVX2.
#pragma once

#include "layerkernels/scheme.h"

namespace rvb::layerkernels {

std::unique_ptr<Scheme> avx2_bytes(const Shape& shape); // avx2_bytes.cpp: i16

} // namespace rvb::layerkernels
