// PNG (libpng) and JPEG (libjpeg-turbo) images. image_none.cpp stands in for programs that are linked without readers.
#pragma once

#include "files.h"

#include <string>

namespace rvb::runtime {

struct Image {
  int64_t channels = 0, height = 0, width = 0;
  Bytes pixels; // [channels, height, width], 0 … 255
};

bool is_image(const Bytes& bytes); // by its first bytes
// `channels` 1: grey (0.299 R + 0.587 G + 0.114 B, ITU-R 601, as Pillow's convert("L")); 3: RGB. Failure(user).
Image read_image(const Bytes& bytes, int64_t channels, const std::string& path);

// Bilinear, pixel centres aligned (as OpenCV's and PyTorch's align_corners = False without antialiasing).
Image resize(const Image& image, int64_t height, int64_t width);

// A part of an image, stretched to height x width: a triangle as wide as the reduction, as Pillow's and torchvision's
// bilinear resizing.
Image resample(const Image& image, int64_t top, int64_t left, int64_t part_height, int64_t part_width, int64_t height,
               int64_t width);

// Of the whole image, stretched to whole_height x whole_width, what lies there: no more than that is computed.
Image resample_cut(const Image& image, int64_t whole_height, int64_t whole_width, int64_t top, int64_t left,
                   int64_t height, int64_t width);

} // namespace rvb::runtime
