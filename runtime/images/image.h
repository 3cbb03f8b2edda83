// Pictures: PNG (libpng), JPEG (libjpeg-turbo), WebP and TIFF (libraries that are looked up), BMP, PPM and PGM; and the
// one way they become a network's input. image_none.cpp takes its place in programs that are linked without readers.
#pragma once

#include "base/files.h"

#include <string>

namespace rvb::runtime {

struct Image {
  int64_t channels = 0, height = 0, width = 0;
  Bytes pixels; // [channels, height, width], 0 … 255
};

extern const char* const picture_endings;        // for messages
bool is_picture_name(const std::string& ending); // lower case, without the dot
bool is_image(const Bytes& bytes);               // by its first bytes
// `channels` 1: grey (0.299 R + 0.587 G + 0.114 B, ITU-R 601, as Pillow's convert("L")); 3: RGB, as convert("RGB").
// Transparency is dropped: what a transparent pixel would show is not blended with anything. Of two bytes a colour the
// high one is taken. Failure(user).
Image read_image(const Bytes& bytes, int64_t channels, const std::string& path);

// What training, eval, infer, trace and calibration do to every picture: torchvision's Resize(resize) and
// CenterCrop(height, width). The shorter side becomes `resize`; 0: just so that the input is covered.
Image prepare(const Image& image, int64_t resize, int64_t height, int64_t width);

// A part of an image, stretched to height x width: a triangle as wide as the reduction, as Pillow's and torchvision's
// bilinear resizing.
Image resample(const Image& image, int64_t top, int64_t left, int64_t part_height, int64_t part_width, int64_t height,
               int64_t width);

// Of the whole image, stretched to whole_height x whole_width, what lies there: no more than that is computed.
Image resample_cut(const Image& image, int64_t whole_height, int64_t whole_width, int64_t top, int64_t left,
                   int64_t height, int64_t width);

} // namespace rvb::runtime
