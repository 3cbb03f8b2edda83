// Packed weights: a safetensors file in which the values that synapses see of binary and ternary weights are bits. The
// layout is in ../README.md ("Packed weights").
#pragma once

#include "files/safetensors.h"

#include <map>
#include <string>

namespace rvb::runtime {

struct PackedTensor {
  int bits = 1;    // 1: the values are -1 and +1; 2: -1, 0 and +1
  float scale = 1; // above 0: what stands for 1 when they are unpacked
};

// `file` with the tensors of these names packed; what they hold is -1, 0 and +1. The others keep their dtype. Larger
// types come first, so that every tensor is aligned to its own.
Safetensors pack(Safetensors file, const std::map<std::string, PackedTensor>& tensors);

bool is_packed(const Safetensors& file);
// In place: every tensor in single precision, packed ones as their values times the scale. Failure(user) where the
// description and the bits do not fit each other.
void unpack(Safetensors& file, const std::string& path);

} // namespace rvb::runtime
