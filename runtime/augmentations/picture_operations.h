// Operations on pictures of bytes, each with the roundings of the Pillow function of its name.
#pragma once

#include <array>
#include <cstdint>

namespace rvb::runtime {

struct Picture {
  uint8_t* pixels; // [channels, height, width]; 1 or 3 channels, red first
  int64_t channels, height, width;

  int64_t plane() const { return height * width; }
};

namespace picture {

// Image.transform(AFFINE, NEAREST): a pixel shows (a x + b y + c, d x + e y + f) of the picture, black outside.
void affine(Picture& picture, const std::array<double, 6>& matrix);
void rotate(Picture& picture, double degrees); // Image.rotate: counterclockwise about the centre
// ImageEnhance: 1 leaves the picture as it is.
void brightness(Picture& picture, double factor);
void color(Picture& picture, double factor);
void contrast(Picture& picture, double factor);
void sharpness(Picture& picture, double factor);
// ImageOps.
void posterize(Picture& picture, int bits);
void solarize(Picture& picture, double threshold);
void auto_contrast(Picture& picture);
void equalize(Picture& picture);
void invert(Picture& picture);

} // namespace picture
} // namespace rvb::runtime
