#include "images/image.h"

#include "base/failure.h"
#include "files/recognise.h"
#include "images/image_kinds.h"

#include <algorithm>
#include <cstring>

namespace rvb::runtime {

namespace {

bool begins(const Bytes& bytes, size_t at, const char* mark, size_t size) {
  return bytes.size() > at + size && std::memcmp(bytes.data() + at, mark, size) == 0;
}

bool is_png(const Bytes& b) {
  return begins(b, 0, "\x89PNG\r\n\x1a\n", 8);
}
bool is_jpeg(const Bytes& b) {
  return begins(b, 0, "\xff\xd8\xff", 3);
}
bool is_webp(const Bytes& b) {
  return begins(b, 0, "RIFF", 4) && begins(b, 8, "WEBP", 4);
}
bool is_tiff(const Bytes& b) {
  return begins(b, 0, "II*\0", 4) || begins(b, 0, "MM\0*", 4);
}
// Two letters are not much of a mark: the size of the header that follows them, too.
bool is_bmp(const Bytes& b) {
  return begins(b, 0, "BM", 2) && b.size() > 18 && b[15] == 0 && b[16] == 0 && b[17] == 0 && b[14] >= 12 &&
         b[14] <= 124;
}
bool is_pnm(const Bytes& b) {
  return (begins(b, 0, "P5", 2) || begins(b, 0, "P6", 2)) && std::strchr(" \t\r\n#", b[2]) != nullptr && b[2] != 0;
}

const struct Kind {
  bool (*is)(const Bytes& bytes);
  Pixels (*read)(const Bytes& bytes, const std::string& path);
} kinds[] = {{is_png, read_png},   {is_jpeg, read_jpeg}, {is_webp, read_webp},
             {is_tiff, read_tiff}, {is_bmp, read_bmp},   {is_pnm, read_pnm}};

const Kind* kind_of(const Bytes& bytes) {
  auto found = std::find_if(std::begin(kinds), std::end(kinds), [&](const Kind& kind) { return kind.is(bytes); });
  return found == std::end(kinds) ? nullptr : found;
}

} // namespace

const char* const picture_endings = ".png .jpg .jpeg .webp .bmp .tif .tiff .ppm .pgm";

bool is_picture_name(const std::string& ending) {
  return (std::string(picture_endings) + " ").find("." + ending + " ") != std::string::npos;
}

bool is_image(const Bytes& bytes) {
  return kind_of(bytes) != nullptr;
}

[[noreturn]] void fail_picture(const std::string& path, const char* kind, const std::string& text) {
  throw Failure(Exit::user, path + ": not a valid " + kind + " image: " + text);
}

Pixels make_pixels(int64_t width, int64_t height, const Bytes& file, const std::string& path) {
  constexpr int64_t most_pixels = int64_t{1} << 26; // 64 million
  // Deflate packs at most 1032 to 1, a pixel has at least a bit: more than that the file cannot hold.
  int64_t most = std::min(most_pixels, 65536 + 8400 * static_cast<int64_t>(file.size()));
  if (width < 1 || height < 1 || width > most / height)
    throw Failure(Exit::user, path + ": an image of " + std::to_string(width) + " x " + std::to_string(height) +
                                  " pixels is too large, or larger than its file can hold");
  return {width, height, Bytes(static_cast<size_t>(width * height * 3))};
}

Image read_image(const Bytes& bytes, int64_t channels, const std::string& path) {
  const Kind* kind = kind_of(bytes);
  if (kind == nullptr)
    throw unlike(path, bytes, std::string("a picture (") + picture_endings + ")");
  if (channels != 1 && channels != 3)
    throw Failure(Exit::user,
                  path + ": the network takes " + std::to_string(channels) + " channels, an image has 1 or 3");
  Pixels pixels = kind->read(bytes, path);
  Image image{channels, pixels.height, pixels.width, {}};
  size_t count = static_cast<size_t>(image.width * image.height);
  image.pixels.resize(count * static_cast<size_t>(channels));
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* rgb = &pixels.rgb[3 * i];
    if (channels == 1) // 16-bit fixed point, as Pillow
      image.pixels[i] = static_cast<uint8_t>((rgb[0] * 19595u + rgb[1] * 38470u + rgb[2] * 7471u + 0x8000u) >> 16);
    else
      for (size_t channel = 0; channel < 3; ++channel)
        image.pixels[channel * count + i] = rgb[channel];
  }
  return image;
}

} // namespace rvb::runtime
