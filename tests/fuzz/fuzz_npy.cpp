// Any bytes given to the npy reader: a value or a Failure, nothing else.
#include "npy.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    rvb::runtime::parse_npy(data, size, "fuzz");
  } catch (const rvb::runtime::Failure&) {
  }
  return 0;
}
