#include "base/random.h"

#include <cmath>
#include <numeric>
#include <utility>

namespace rvb::runtime {

RandomBlock philox(const RandomBlock& counter, const std::array<uint32_t, 2>& key) {
  RandomBlock c = counter;
  uint32_t k0 = key[0], k1 = key[1];
  for (int round = 0; round < 10; ++round) {
    uint64_t a = uint64_t{0xD2511F53} * c[0], b = uint64_t{0xCD9E8D57} * c[2];
    c = {static_cast<uint32_t>(b >> 32) ^ c[1] ^ k0, static_cast<uint32_t>(b),
         static_cast<uint32_t>(a >> 32) ^ c[3] ^ k1, static_cast<uint32_t>(a)};
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return c;
}

RandomBlock random_bits(const RandomKey& key, uint32_t index) {
  return philox({index, key.epoch, key.sample, static_cast<uint32_t>(key.draw)},
                {static_cast<uint32_t>(key.seed), static_cast<uint32_t>(key.seed >> 32)});
}

void fill_normal(const RandomKey& key, float* values, int64_t count) {
  const double turn = 2 * 3.14159265358979323846;
  for (int64_t i = 0; i < count; i += 2) {
    RandomBlock bits = random_bits(key, static_cast<uint32_t>(i / 2));
    // 53 bits, in (0, 1]: the logarithm stays finite.
    double u = (static_cast<double>((uint64_t{bits[0]} << 32 | bits[1]) >> 11) + 1) * 0x1p-53;
    double v = static_cast<double>((uint64_t{bits[2]} << 32 | bits[3]) >> 11) * 0x1p-53;
    double radius = std::sqrt(-2 * std::log(u));
    values[i] = static_cast<float>(radius * std::cos(turn * v));
    if (i + 1 < count)
      values[i + 1] = static_cast<float>(radius * std::sin(turn * v));
  }
}

std::vector<int64_t> permutation(uint64_t seed, uint32_t epoch, int64_t count, Draw draw) {
  std::vector<int64_t> order(static_cast<size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  for (int64_t i = count - 1; i > 0; --i) {
    RandomBlock bits = random_bits({seed, epoch, static_cast<uint32_t>(i), draw}, 0);
    // A 64-bit draw scaled to 0 … i: the bias is below i / 2^64.
    unsigned __int128 wide =
        static_cast<unsigned __int128>(uint64_t{bits[0]} << 32 | bits[1]) * static_cast<uint64_t>(i + 1);
    std::swap(order[static_cast<size_t>(i)], order[static_cast<size_t>(wide >> 64)]);
  }
  return order;
}

} // namespace rvb::runtime
