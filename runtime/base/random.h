// Counter-based random numbers: Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011).
// A number is a function of (seed, epoch, sample, operation, index), never of what was drawn before: so a run can be
// resumed anywhere and repeated bit for bit with any number of threads.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace rvb::runtime {

using RandomBlock = std::array<uint32_t, 4>;
RandomBlock philox(const RandomBlock& counter, const std::array<uint32_t, 2>& key);

// Streams of random numbers. Those of augmentations stand in recipe/augmentations.def; no number is used twice.
enum class Draw : uint32_t { initial_weights = 1, shuffle = 2, input = 4, partition = 10, mix = 11 };

struct RandomKey {
  uint64_t seed = 0;
  uint32_t epoch = 0;
  uint32_t sample = 0; // or parameter
  Draw draw = Draw::shuffle;
};

RandomBlock random_bits(const RandomKey& key, uint32_t index);

// Normal numbers, mean 0 and deviation 1 (Box-Muller).
void fill_normal(const RandomKey& key, float* values, int64_t count);

// The order of the samples in one epoch: 0 … count - 1 shuffled (Fisher-Yates).
std::vector<int64_t> permutation(uint64_t seed, uint32_t epoch, int64_t count, Draw draw = Draw::shuffle);

} // namespace rvb::runtime
