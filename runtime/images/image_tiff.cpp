// TIFF, through libtiff, which is looked up: the first page.
#include "images/image_kinds.h"

#include "base/dynamic_library.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>
#include <new>
#include <tiffio.h>

namespace rvb::runtime {

namespace {

thread_local char message[200];

void keep(const char*, const char* format, va_list values) {
  if (message[0] == 0) // what was wrong first
    std::vsnprintf(message, sizeof message, format, values);
}

struct Tiff {
  explicit Tiff(const std::string& path) : library(LibraryRow::tiff, path) {
    library.find(open, "TIFFClientOpen");
    library.find(close, "TIFFClose");
    library.find(get, "TIFFGetField");
    library.find(set, "TIFFSetField");
    library.find(read, "TIFFReadRGBAImageOriented");
    library.find(set_errors, "TIFFSetErrorHandler");
    library.find(set_warnings, "TIFFSetWarningHandler");
    set_errors(keep); // it would print to stderr
    set_warnings(nullptr);
  }
  DynamicLibrary library;
  decltype(TIFFClientOpen)* open;
  decltype(TIFFClose)* close;
  decltype(TIFFGetField)* get;
  decltype(TIFFSetField)* set;
  decltype(TIFFReadRGBAImageOriented)* read;
  decltype(TIFFSetErrorHandler)* set_errors;
  decltype(TIFFSetWarningHandler)* set_warnings;
};

// The file as the library reads it.
struct Source {
  const Bytes& bytes;
  uint64_t at = 0;
};

tmsize_t read_some(thandle_t handle, void* to, tmsize_t size) {
  auto* source = static_cast<Source*>(handle);
  uint64_t left = source->bytes.size() - std::min<uint64_t>(source->at, source->bytes.size());
  auto count = static_cast<tmsize_t>(std::min(left, static_cast<uint64_t>(std::max<tmsize_t>(0, size))));
  if (count > 0)
    std::memcpy(to, source->bytes.data() + source->at, static_cast<size_t>(count));
  source->at += static_cast<uint64_t>(count);
  return count;
}
tmsize_t write_none(thandle_t, void*, tmsize_t) {
  return 0;
}
toff_t seek(thandle_t handle, toff_t to, int from) {
  auto* source = static_cast<Source*>(handle);
  return source->at = to + (from == SEEK_CUR ? source->at : from == SEEK_END ? source->bytes.size() : 0);
}
int close_none(thandle_t) {
  return 0;
}
toff_t size_of(thandle_t handle) {
  return static_cast<Source*>(handle)->bytes.size();
}

} // namespace

Pixels read_tiff(const Bytes& bytes, const std::string& path) {
  static const Tiff library(path);
  message[0] = 0;
  auto complain = [&] {
    for (const char* words : {"emory", "llocat", "No space for"}) // the library has no other sign of it
      if (std::strstr(message, words) != nullptr)
        throw std::bad_alloc();
    fail_picture(path, "TIFF", message[0] == 0 ? "it is damaged or truncated" : message);
  };
  Source source{bytes};
  std::unique_ptr<TIFF, decltype(library.close)> tiff(
      library.open("", "rm", &source, read_some, write_none, seek, close_none, size_of, nullptr, nullptr),
      library.close);
  uint32_t width = 0, height = 0;
  if (tiff == nullptr || library.get(tiff.get(), TIFFTAG_IMAGEWIDTH, &width) != 1 ||
      library.get(tiff.get(), TIFFTAG_IMAGELENGTH, &height) != 1)
    complain();
  uint16_t samples = 1, format = SAMPLEFORMAT_UINT, extra = 0, *kinds = nullptr;
  if (library.get(tiff.get(), TIFFTAG_SAMPLESPERPIXEL, &samples) == 1 &&
      samples > 8) // the library takes memory for all
    fail_picture(path, "TIFF", std::to_string(samples) + " numbers a pixel");
  if (library.get(tiff.get(), TIFFTAG_SAMPLEFORMAT, &format) == 1 && format != SAMPLEFORMAT_UINT)
    fail_picture(path, "TIFF", "its numbers are not unsigned integers");
  // The library would multiply colours by their opacity, unless it takes that for done.
  if (library.get(tiff.get(), TIFFTAG_EXTRASAMPLES, &extra, &kinds) == 1 && extra > 0) {
    std::vector<uint16_t> done(extra, EXTRASAMPLE_ASSOCALPHA);
    library.set(tiff.get(), TIFFTAG_EXTRASAMPLES, extra, done.data());
  }
  Pixels pixels = make_pixels(width, height, bytes, path);
  std::vector<uint32_t> raster(size_t{width} * height);
  if (library.read(tiff.get(), width, height, raster.data(), ORIENTATION_TOPLEFT, 1) != 1)
    complain();
  uint8_t* to = pixels.rgb.data();
  for (uint32_t pixel : raster) {
    *to++ = static_cast<uint8_t>(TIFFGetR(pixel));
    *to++ = static_cast<uint8_t>(TIFFGetG(pixel));
    *to++ = static_cast<uint8_t>(TIFFGetB(pixel));
  }
  return pixels;
}

} // namespace rvb::runtime
