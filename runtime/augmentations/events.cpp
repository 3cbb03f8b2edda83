// What changes counts of events.
#include "augmentations/augment.h"

namespace rvb::runtime {

namespace {

template <class Count> void drop(double rate, const RandomKey& key, Count* counts, int64_t size) {
  auto limit = static_cast<uint64_t>(rate * 0x1p32);
  RandomBlock block{};
  uint32_t drawn = 0;
  for (int64_t i = 0; i < size; ++i) {
    Count kept = counts[i];
    for (Count n = 0; n < counts[i]; ++n, ++drawn) {
      if (drawn % 4 == 0)
        block = random_bits(key, drawn / 4);
      kept = static_cast<Count>(kept - (block[drawn % 4] < limit ? 1 : 0));
    }
    counts[i] = kept;
  }
}

} // namespace

void augment_drop(const recipe::Choice& options, Draws& draws, Values& values) {
  if (values.bytes != nullptr)
    drop(options[0], draws.key(), values.bytes, values.size());
  else
    drop(options[0], draws.key(), values.words, values.size());
}

} // namespace rvb::runtime
