// Any bytes given to the npy reader: a value or a Failure, nothing else.
#include "files/npy.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    rvb::runtime::parse_npy(data, size, "fuzz");
  } catch (const rvb::runtime::Failure&) {
  }
  try { // as infer --stream reads: the header, then a part of the numbers
    rvb::runtime::NpyLayout layout = rvb::runtime::parse_npy_layout(data, size, "fuzz");
    rvb::runtime::parse_npy_part(data, size, {static_cast<int64_t>(layout.shape.size()), 3}, "fuzz");
  } catch (const rvb::runtime::Failure&) {
  }
  try { // as events are read: one by one
    const rvb::runtime::NpyNumbers numbers = rvb::runtime::npy_numbers(data, size, "fuzz");
    for (uint64_t i = 0; i < numbers.count; i += 1 + numbers.count / 1000)
      numbers.value(i);
  } catch (const rvb::runtime::Failure&) {
  }
  return 0;
}
