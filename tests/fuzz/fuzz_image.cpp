// Any bytes given to the image readers and resized: a value or a Failure, nothing else.
#include "base/failure.h"
#include "images/image.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  for (int64_t channels : {1, 3})
    try {
      rvb::runtime::Bytes bytes(data, data + size);
      rvb::runtime::Image image = rvb::runtime::read_image(bytes, channels, "fuzz");
      rvb::runtime::prepare(image, 9, 8, 8);
      rvb::runtime::resample(image, 0, 0, image.height, image.width, 5, 9);
    } catch (const rvb::runtime::Failure&) {
    }
  return 0;
}
