// Any bytes given to the IDX reader, packed or not, as images and as labels: a value or a Failure, nothing else.
#include "failure.h"
#include "gzip.h"
#include "idx.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  for (int rank : {1, 3})
    try {
      rvb::runtime::Bytes bytes(data, data + size);
      if (rvb::runtime::is_gzip(bytes))
        bytes = rvb::runtime::gunzip(bytes, "fuzz");
      rvb::runtime::parse_idx(std::move(bytes), rank, "fuzz");
    } catch (const rvb::runtime::Failure&) {
    }
  return 0;
}
