#include "image.h"

#include "failure.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <png.h>
#include <turbojpeg.h>

namespace rvb::runtime {

namespace {

constexpr int64_t most_pixels = int64_t{1} << 26; // 64 million: a damaged header must not take all memory

bool is_png(const Bytes& bytes) {
  return bytes.size() > 8 && std::memcmp(bytes.data(), "\x89PNG\r\n\x1a\n", 8) == 0;
}
bool is_jpeg(const Bytes& bytes) {
  return bytes.size() > 3 && bytes[0] == 0xff && bytes[1] == 0xd8 && bytes[2] == 0xff;
}

[[noreturn]] void fail(const std::string& path, const std::string& text) {
  throw Failure(Exit::user, path + ": " + text);
}

void check_size(int64_t width, int64_t height, const Bytes& bytes, const std::string& path) {
  // Deflate packs at most 1032 to 1, a pixel has at least a bit: more than that the file cannot hold.
  int64_t most = std::min(most_pixels, 65536 + 8400 * static_cast<int64_t>(bytes.size()));
  if (width < 1 || height < 1 || width > most / height)
    fail(path, "an image of " + std::to_string(width) + " x " + std::to_string(height) +
                   " pixels is too large, or larger than its file can hold");
}

// Rows of RGB bytes.
Bytes read_png(const Bytes& bytes, const std::string& path, int64_t& width, int64_t& height) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  std::unique_ptr<png_image, void (*)(png_image*)> guard(&image, png_image_free);
  if (!png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()))
    fail(path, std::string("not a valid PNG image: ") + image.message);
  width = image.width;
  height = image.height;
  check_size(width, height, bytes, path);
  image.format = PNG_FORMAT_RGB;
  Bytes rows(static_cast<size_t>(width * height * 3));
  png_color black{0, 0, 0}; // transparent pixels
  if (!png_image_finish_read(&image, &black, rows.data(), 0, nullptr))
    fail(path, std::string("not a valid PNG image: ") + image.message);
  return rows;
}

Bytes read_jpeg(const Bytes& bytes, const std::string& path, int64_t& width, int64_t& height) {
  std::unique_ptr<void, int (*)(tjhandle)> decoder(tjInitDecompress(), tjDestroy);
  int w = 0, h = 0, sampling = 0, space = 0;
  auto complain = [&] { fail(path, std::string("not a valid JPEG image: ") + tjGetErrorStr2(decoder.get())); };
  auto size = static_cast<unsigned long>(bytes.size());
  if (tjDecompressHeader3(decoder.get(), bytes.data(), size, &w, &h, &sampling, &space) != 0)
    complain();
  width = w;
  height = h;
  check_size(width, height, bytes, path);
  bool inks = space == TJCS_CMYK || space == TJCS_YCCK; // some of ImageNet
  size_t count = static_cast<size_t>(width * height);
  Bytes rows(count * (inks ? 4 : 3));
  int format = inks ? TJPF_CMYK : TJPF_RGB;
  // A truncated image is only a warning to the library; half a picture is no input to a network. Bytes between its
  // parts do no harm.
  if (tjDecompress2(decoder.get(), bytes.data(), size, rows.data(), w, 0, h, format, TJFLAG_ACCURATEDCT) != 0 &&
      std::strstr(tjGetErrorStr2(decoder.get()), "extraneous bytes") == nullptr)
    complain();
  if (inks) // 255 is no ink, as Adobe writes it; the roundings are Pillow's
    for (size_t i = 0; i < count; ++i)
      for (size_t channel = 0; channel < 3; ++channel) {
        unsigned key = rows[4 * i + 3], ink = (255u - rows[4 * i + channel]) * key + 128;
        rows[3 * i + channel] = static_cast<uint8_t>(key - (((ink >> 8) + ink) >> 8));
      }
  return rows;
}

} // namespace

bool is_image(const Bytes& bytes) {
  return is_png(bytes) || is_jpeg(bytes);
}

Image read_image(const Bytes& bytes, int64_t channels, const std::string& path) {
  if (!is_image(bytes))
    fail(path, "neither PNG nor JPEG");
  if (channels != 1 && channels != 3)
    fail(path, "the network takes " + std::to_string(channels) + " channels, an image has 1 or 3");
  Image image;
  image.channels = channels;
  Bytes rows = is_png(bytes) ? read_png(bytes, path, image.width, image.height)
                             : read_jpeg(bytes, path, image.width, image.height);
  size_t count = static_cast<size_t>(image.width * image.height);
  image.pixels.resize(count * static_cast<size_t>(channels));
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* rgb = &rows[3 * i];
    if (channels == 1) // 16-bit fixed point, as Pillow
      image.pixels[i] = static_cast<uint8_t>((rgb[0] * 19595u + rgb[1] * 38470u + rgb[2] * 7471u + 0x8000u) >> 16);
    else
      for (size_t channel = 0; channel < 3; ++channel)
        image.pixels[channel * count + i] = rgb[channel];
  }
  return image;
}

} // namespace rvb::runtime
