// WebP, through libwebp, which is looked up.
#include "images/image_kinds.h"

#include "base/dynamic_library.h"

#include <new>
#include <webp/decode.h>

namespace rvb::runtime {

namespace {

struct WebP {
  explicit WebP(const std::string& path) : library(LibraryRow::webp, path) {
    library.find(features, "WebPGetFeaturesInternal");
    library.find(begin, "WebPInitDecoderConfigInternal");
    library.find(decode, "WebPDecode");
  }
  DynamicLibrary library;
  decltype(WebPGetFeaturesInternal)* features;
  decltype(WebPInitDecoderConfigInternal)* begin;
  decltype(WebPDecode)* decode;
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
  WebPDecoderConfig config;
  if (webp.begin(&config, WEBP_DECODER_ABI_VERSION) == 0)
    fail_picture(path, "WebP", "libwebp is of another version");
  config.output.colorspace = MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA = {pixels.rgb.data(), 3 * features.width, pixels.rgb.size()};
  const VP8StatusCode status = webp.decode(bytes.data(), bytes.size(), &config);
  if (status == VP8_STATUS_OUT_OF_MEMORY)
    throw std::bad_alloc();
  if (status != VP8_STATUS_OK)
    fail_picture(path, "WebP", "it is damaged or truncated");
  return pixels;
}

} // namespace rvb::runtime
