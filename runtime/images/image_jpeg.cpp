// JPEG, through libjpeg-turbo. Which way up the camera was held (EXIF) is not looked at, as in torchvision's
// ImageFolder.
#include "images/image_kinds.h"

#include <csetjmp>
#include <cstdio>
#include <new>

#include <jpeglib.h> // after <cstdio>, which it does not include

#include <jerror.h>

namespace rvb::runtime {

namespace {

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

  // False: fail() says why.
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
  // Why it failed: the picture, or memory that was refused.
  [[noreturn]] void fail(const std::string& path) const {
    if (errors_.msg_code == JERR_OUT_OF_MEMORY)
      throw std::bad_alloc();
    fail_picture(path, "JPEG", message_);
  }

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

} // namespace

Pixels read_jpeg(const Bytes& bytes, const std::string& path) {
  JpegDecoder decoder;
  if (!decoder.read_header(bytes))
    decoder.fail(path);
  Pixels pixels = make_pixels(decoder.width(), decoder.height(), bytes, path);
  size_t count = static_cast<size_t>(pixels.width * pixels.height);
  pixels.rgb.resize(count * static_cast<size_t>(decoder.channels()));
  if (!decoder.read_rows(pixels.rgb.data()))
    decoder.fail(path);
  Bytes& rows = pixels.rgb;
  if (decoder.inks()) // 255 is no ink, as Adobe writes it; the roundings are Pillow's
    for (size_t i = 0; i < count; ++i)
      for (size_t channel = 0; channel < 3; ++channel) {
        unsigned key = rows[4 * i + 3], ink = (255u - rows[4 * i + channel]) * key + 128;
        rows[3 * i + channel] = static_cast<uint8_t>(key - (((ink >> 8) + ink) >> 8));
      }
  return pixels;
}

} // namespace rvb::runtime
