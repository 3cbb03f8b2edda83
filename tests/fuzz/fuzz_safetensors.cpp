// Any bytes given to the safetensors reader: a value or a Failure, nothing else.
#include "files/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    rvb::runtime::parse_safetensors(data, size, "fuzz");
  } catch (const rvb::runtime::Failure&) {
  }
  return 0;
}
