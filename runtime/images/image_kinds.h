// The picture formats, one function each, for image.cpp's table.
#pragma once

#include "base/files.h"

#include <string>

namespace rvb::runtime {

// Rows of RGB bytes, from the top.
struct Pixels {
  int64_t width = 0, height = 0;
  Bytes rgb;
};

Pixels read_png(const Bytes& bytes, const std::string& path);  // image_png.cpp
Pixels read_jpeg(const Bytes& bytes, const std::string& path); // image_jpeg.cpp
Pixels read_webp(const Bytes& bytes, const std::string& path); // image_webp.cpp
Pixels read_tiff(const Bytes& bytes, const std::string& path); // image_tiff.cpp
Pixels read_bmp(const Bytes& bytes, const std::string& path);  // image_plain.cpp
Pixels read_pnm(const Bytes& bytes, const std::string& path);  // image_plain.cpp

// Failure(user): PATH: not a valid KIND picture: …
[[noreturn]] void fail_picture(const std::string& path, const char* kind, const std::string& text);
// A damaged header must not take all memory: room for this many pixels, when the file can hold them.
Pixels make_pixels(int64_t width, int64_t height, const Bytes& file, const std::string& path);

} // namespace rvb::runtime
