// PNG, through libpng. The numbers are taken as they are written: neither gamma nor colour profiles nor transparency
// change them.
#include "images/image_kinds.h"

#include <algorithm>
#include <csetjmp>
#include <cstdlib>
#include <cstring>
#include <new>
#include <png.h>

namespace rvb::runtime {

namespace {

// libpng leaves through longjmp: nothing with a destructor may live in the functions it is called from.
class PngDecoder {
public:
  PngDecoder(const Bytes& bytes) : bytes_(bytes) {
    png_ = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, this, leave, ignore, this, allocate, release);
    info_ = png_ == nullptr ? nullptr : png_create_info_struct(png_);
  }
  ~PngDecoder() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngDecoder(const PngDecoder&) = delete;
  PngDecoder& operator=(const PngDecoder&) = delete;

  // False: fail() says why.
  bool read_header() {
    if (info_ == nullptr || setjmp(back_) != 0)
      return false;
    png_set_read_fn(png_, this, read);
    png_set_chunk_malloc_max(png_, png_alloc_size_t{1} << 26); // texts and profiles, which nobody reads
    png_read_info(png_, info_);
    return true;
  }
  // `passes` times all rows: those of interlaced pictures come in several parts.
  bool read_rows(uint8_t* to) {
    if (setjmp(back_) != 0)
      return false;
    png_set_expand(png_); // colours of a palette, 1 to 4 bits, a transparent colour
    png_set_strip_16(png_);
    png_set_gray_to_rgb(png_);
    png_set_strip_alpha(png_);
    const int passes = png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    if (png_get_rowbytes(png_, info_) != size_t{3} * png_get_image_width(png_, info_))
      png_error(png_, "its rows are of another size than its header says");
    for (int pass = 0; pass < passes; ++pass)
      for (uint32_t y = 0; y < png_get_image_height(png_, info_); ++y)
        png_read_row(png_, to + size_t{3} * y * png_get_image_width(png_, info_), nullptr);
    png_read_end(png_, nullptr);
    return true;
  }

  int64_t width() const { return png_get_image_width(png_, info_); }
  int64_t height() const { return png_get_image_height(png_, info_); }
  // Why it failed: the picture, or memory that was refused, which the library reports as any damage.
  [[noreturn]] void fail(const std::string& path) const {
    if (png_ == nullptr || info_ == nullptr || no_memory_)
      throw std::bad_alloc();
    fail_picture(path, "PNG", message_);
  }

private:
  [[noreturn]] static void leave(png_structp png, png_const_charp text) {
    auto* self = static_cast<PngDecoder*>(png_get_error_ptr(png));
    std::strncpy(self->message_, text, sizeof self->message_ - 1);
    std::longjmp(self->back_, 1);
  }
  static png_voidp allocate(png_structp png, png_alloc_size_t size) {
    void* memory = std::malloc(size);
    if (memory == nullptr)
      static_cast<PngDecoder*>(png_get_mem_ptr(png))->no_memory_ = true;
    return memory;
  }
  static void release(png_structp, png_voidp memory) { std::free(memory); }
  static void ignore(png_structp, png_const_charp) {}
  static void read(png_structp png, png_bytep to, size_t size) {
    auto* self = static_cast<PngDecoder*>(png_get_io_ptr(png));
    if (size > self->bytes_.size() - self->at_)
      png_error(png, "it is truncated");
    std::memcpy(to, self->bytes_.data() + self->at_, size);
    self->at_ += size;
  }

  const Bytes& bytes_;
  size_t at_ = 0;
  bool no_memory_ = false; // before png_, whose making may set it
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::jmp_buf back_{};
  char message_[200] = "";
};

} // namespace

Pixels read_png(const Bytes& bytes, const std::string& path) {
  PngDecoder decoder(bytes);
  if (!decoder.read_header())
    decoder.fail(path);
  Pixels pixels = make_pixels(decoder.width(), decoder.height(), bytes, path);
  if (!decoder.read_rows(pixels.rgb.data()))
    decoder.fail(path);
  return pixels;
}

} // namespace rvb::runtime
