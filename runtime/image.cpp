#include "image.h"

#include "failure.h"

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <memory>
#include <png.h>

#include <jpeglib.h> // behind <cstdio>, which it does not include

#include <jerror.h>

namespace rvb::runtime {

namespace {

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
  constexpr int64_t most_pixels = int64_t{1} << 26; // 64 million: a damaged header must not take all memory
  // Deflate packs at most 1032 to 1, a pixel has at least a bit: more than that the file cannot hold.
  int64_t most = std::min(most_pixels, 65536 + 8400 * static_cast<int64_t>(bytes.size()));
  if (width < 1 || height < 1 || width > most / height)
    fail(path, "an image of " + std::to_string(width) + " x " + std::to_string(height) +
                   " pixels is too large, or larger than its file can hold");
}

// The chunks that say which light the colours stand for: networks learn from the numbers as they are written, and
// libpng's simplified interface would convert them.
Bytes without_colour_spaces(const Bytes& png) {
  Bytes result(png.begin(), png.begin() + 8);
  for (size_t at = 8; at < png.size();) {
    size_t left = png.size() - at, size = left;
    bool left_out = false;
    if (left >= 12) {
      size_t length = png_get_uint_32(&png[at]);
      size = std::min(left, 12 + length);
      for (const char* type : {"gAMA", "cHRM", "sRGB", "iCCP", "cICP"})
        left_out |= std::memcmp(&png[at + 4], type, 4) == 0;
    }
    if (!left_out)
      result.insert(result.end(), png.begin() + static_cast<std::ptrdiff_t>(at),
                    png.begin() + static_cast<std::ptrdiff_t>(at + size));
    at += size;
  }
  return result;
}

// Rows of RGB bytes.
Bytes read_png(const Bytes& file, const std::string& path, int64_t& width, int64_t& height) {
  Bytes bytes = without_colour_spaces(file);
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  std::unique_ptr<png_image, void (*)(png_image*)> guard(&image, png_image_free);
  if (!png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()))
    fail(path, std::string("not a valid PNG image: ") + image.message);
  width = image.width;
  height = image.height;
  check_size(width, height, bytes, path);
  image.format = PNG_FORMAT_RGB;
  image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB; // else they would be taken for linear light
  Bytes rows(static_cast<size_t>(width * height * 3));
  png_color black{0, 0, 0}; // transparent pixels
  if (!png_image_finish_read(&image, &black, rows.data(), 0, nullptr))
    fail(path, std::string("not a valid PNG image: ") + image.message);
  return rows;
}

// libjpeg leaves through longjmp: nothing with a destructor may live in the functions it is called from.
class JpegDecoder {
public:
  JpegDecoder() {
    decoder_.err = jpeg_std_error(&errors_);
    decoder_.client_data = this;
    errors_.error_exit = leave;
    errors_.emit_message = look_at;
  }
  ~JpegDecoder() { jpeg_destroy_decompress(&decoder_); }
  JpegDecoder(const JpegDecoder&) = delete;
  JpegDecoder& operator=(const JpegDecoder&) = delete;

  // False when `message` says what is wrong.
  bool read_header(const Bytes& bytes) {
    if (setjmp(back_) != 0)
      return false;
    jpeg_create_decompress(&decoder_);
    jpeg_mem_src(&decoder_, const_cast<uint8_t*>(bytes.data()), static_cast<unsigned long>(bytes.size()));
    jpeg_read_header(&decoder_, TRUE);
    return true;
  }
  bool read_rows(uint8_t* to) {
    if (setjmp(back_) != 0)
      return false;
    decoder_.out_color_space = inks() ? JCS_CMYK : JCS_RGB;
    decoder_.dct_method = JDCT_ISLOW;
    jpeg_start_decompress(&decoder_);
    size_t stride = size_t{decoder_.output_width} * static_cast<size_t>(channels());
    while (decoder_.output_scanline < decoder_.output_height) {
      JSAMPROW row = to + decoder_.output_scanline * stride;
      jpeg_read_scanlines(&decoder_, &row, 1);
    }
    jpeg_finish_decompress(&decoder_);
    return true;
  }

  int64_t width() const { return decoder_.image_width; }
  int64_t height() const { return decoder_.image_height; }
  bool inks() const { return decoder_.jpeg_color_space == JCS_CMYK || decoder_.jpeg_color_space == JCS_YCCK; }
  int64_t channels() const { return inks() ? 4 : 3; }
  const char* message() const { return message_; }

private:
  [[noreturn]] static void leave(j_common_ptr decoder) {
    auto* self = static_cast<JpegDecoder*>(decoder->client_data);
    decoder->err->format_message(decoder, self->message_);
    std::longjmp(self->back_, 1);
  }
  // Warnings have level -1. A truncated image is only a warning to the library; half a picture is no input to a
  // network. Bytes between its parts do no harm.
  static void look_at(j_common_ptr decoder, int level) {
    if (level < 0 && decoder->err->msg_code != JWRN_EXTRANEOUS_DATA)
      leave(decoder);
  }

  jpeg_decompress_struct decoder_{};
  jpeg_error_mgr errors_{};
  std::jmp_buf back_{};
  char message_[JMSG_LENGTH_MAX] = "";
};

Bytes read_jpeg(const Bytes& bytes, const std::string& path, int64_t& width, int64_t& height) {
  JpegDecoder decoder;
  auto complain = [&] { fail(path, std::string("not a valid JPEG image: ") + decoder.message()); };
  if (!decoder.read_header(bytes))
    complain();
  width = decoder.width();
  height = decoder.height();
  check_size(width, height, bytes, path);
  size_t count = static_cast<size_t>(width * height);
  Bytes rows(count * static_cast<size_t>(decoder.channels()));
  if (!decoder.read_rows(rows.data()))
    complain();
  if (decoder.inks()) // 255 is no ink, as Adobe writes it; the roundings are Pillow's
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
