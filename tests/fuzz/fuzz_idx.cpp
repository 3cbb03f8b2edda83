// Any bytes given to the IDX reader, packed or not, as images and as labels: a value or a Failure, nothing else.
#include "base/failure.h"
#include "files/idx.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  for (int rank : {1, 3})
    try {
      rvb::runtime::IdxFile(rvb::runtime::Bytes(data, data + size), rank, "fuzz").values();
    } catch (const rvb::runtime::Failure&) {
    }
  return 0;
}
