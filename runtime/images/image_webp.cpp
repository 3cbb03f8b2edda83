// WebP, through libwebp, which is looked up.
#include "images/image_kinds.h"

#include "base/dynamic_library.h"

#include <webp/decode.h>

namespace rvb::runtime {

namespace {

struct WebP {
  explicit WebP(const std::string& path) : library({"libwebp.so.7"}, "libwebp7", path) {
    library.find(features, "WebPGetFeaturesInternal");
    library.find(decode, "WebPDecodeRGBInto");
  }
  DynamicLibrary library;
  decltype(WebPGetFeaturesInternal)* features;
  decltype(WebPDecodeRGBInto)* decode;
};

} // namespace

Pixels read_webp(const Bytes& bytes, const std::string& path) {
  static const WebP webp(path);
  WebPBitstreamFeatures features;
  if (webp.features(bytes.data(), bytes.size(), &features, WEBP_DECODER_ABI_VERSION) != VP8_STATUS_OK)
    fail_picture(path, "WebP", "its header is damaged or truncated");
  if (features.has_animation != 0)
    fail_picture(path, "WebP", "it is an animation");
  Pixels pixels = make_pixels(features.width, features.height, bytes, path);
  if (webp.decode(bytes.data(), bytes.size(), pixels.rgb.data(), pixels.rgb.size(), 3 * features.width) == nullptr)
    fail_picture(path, "WebP", "it is damaged or truncated");
  return pixels;
}

} // namespace rvb::runtime
