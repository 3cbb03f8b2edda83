// AutoAugment's policy for CIFAR (Cubuk et al., 2019) and RandAugment (2020), as torchvision's on Pillow images.
#include "augmentations/augment.h"
#include "augmentations/picture_operations.h"

#include <cmath>

namespace rvb::runtime {

namespace {

enum Kind {
  none,
  shear_x,
  shear_y,
  translate_x,
  translate_y,
  rotate,
  brightness,
  color,
  contrast,
  sharpness,
  posterize,
  solarize,
  auto_contrast,
  equalize,
  invert
};

bool is_signed(Kind kind) {
  return kind >= shear_x && kind <= sharpness;
}

// Magnitude `level` of `levels`, as torchvision's _augmentation_space.
double magnitude(Kind kind, int64_t level, int64_t levels, int64_t height, int64_t width) {
  const double share = static_cast<double>(level) / static_cast<double>(levels - 1);
  switch (kind) {
  case shear_x:
  case shear_y: return 0.3 * share;
  case translate_x: return 150.0 / 331 * static_cast<double>(width) * share;
  case translate_y: return 150.0 / 331 * static_cast<double>(height) * share;
  case rotate: return 30 * share;
  case brightness:
  case color:
  case contrast:
  case sharpness: return 0.9 * share;
  case posterize: return 8 - std::nearbyint(4 * share);
  case solarize: return 255 - 255.0 * static_cast<double>(level) / static_cast<double>(levels - 1); // whole where it is
  default: return 0;
  }
}

void apply(Kind kind, double amount, Picture& p) {
  const auto pixels = static_cast<double>(static_cast<int64_t>(amount)); // whole pixels, towards zero
  switch (kind) {
  case shear_x: return picture::affine(p, {1, amount, 0, 0, 1, 0});
  case shear_y: return picture::affine(p, {1, 0, 0, amount, 1, 0});
  case translate_x: return picture::affine(p, {1, 0, -pixels, 0, 1, 0});
  case translate_y: return picture::affine(p, {1, 0, 0, 0, 1, -pixels});
  case rotate: return picture::rotate(p, amount);
  case brightness: return picture::brightness(p, 1 + amount);
  case color: return picture::color(p, 1 + amount);
  case contrast: return picture::contrast(p, 1 + amount);
  case sharpness: return picture::sharpness(p, 1 + amount);
  case posterize: return picture::posterize(p, static_cast<int>(amount));
  case solarize: return picture::solarize(p, amount);
  case auto_contrast: return picture::auto_contrast(p);
  case equalize: return picture::equalize(p);
  case invert: return picture::invert(p);
  case none: return;
  }
}

struct Part {
  Kind kind;
  double probability;
  int64_t level; // of 10
};
constexpr Part cifar10[25][2] = {
    {{invert, 0.1, 0}, {contrast, 0.2, 6}},           {{rotate, 0.7, 2}, {translate_x, 0.3, 9}},
    {{sharpness, 0.8, 1}, {sharpness, 0.9, 3}},       {{shear_y, 0.5, 8}, {translate_y, 0.7, 9}},
    {{auto_contrast, 0.5, 0}, {equalize, 0.9, 0}},    {{shear_y, 0.2, 7}, {posterize, 0.3, 7}},
    {{color, 0.4, 3}, {brightness, 0.6, 7}},          {{sharpness, 0.3, 9}, {brightness, 0.7, 9}},
    {{equalize, 0.6, 0}, {equalize, 0.5, 0}},         {{contrast, 0.6, 7}, {sharpness, 0.6, 5}},
    {{color, 0.7, 7}, {translate_x, 0.5, 8}},         {{equalize, 0.3, 0}, {auto_contrast, 0.4, 0}},
    {{translate_y, 0.4, 3}, {sharpness, 0.2, 6}},     {{brightness, 0.9, 6}, {color, 0.2, 8}},
    {{solarize, 0.5, 2}, {invert, 0.0, 0}},           {{equalize, 0.2, 0}, {auto_contrast, 0.6, 0}},
    {{equalize, 0.2, 0}, {equalize, 0.6, 0}},         {{color, 0.9, 9}, {equalize, 0.6, 0}},
    {{auto_contrast, 0.8, 0}, {solarize, 0.2, 8}},    {{brightness, 0.1, 3}, {color, 0.7, 0}},
    {{solarize, 0.4, 5}, {auto_contrast, 0.9, 0}},    {{translate_y, 0.9, 9}, {translate_y, 0.7, 9}},
    {{auto_contrast, 0.9, 0}, {solarize, 0.8, 3}},    {{equalize, 0.8, 0}, {invert, 0.1, 0}},
    {{translate_y, 0.7, 9}, {auto_contrast, 0.9, 0}},
};

constexpr Kind random_kinds[] = {none,  shear_x,  shear_y,   translate_x, translate_y, rotate,        brightness,
                                 color, contrast, sharpness, posterize,   solarize,    auto_contrast, equalize};

Picture picture_of(Values& values) {
  return {values.bytes, values.channels, values.height, values.width};
}

} // namespace

void augment_auto_augment(const recipe::Choice&, Draws& draws, Values& values) {
  if (values.bytes == nullptr)
    return;
  Picture picture = picture_of(values);
  const Part* policy = cifar10[draws.below(25)];
  const double chances[] = {draws.real(), draws.real()};
  const int64_t signs[] = {draws.below(2), draws.below(2)};
  for (int i = 0; i < 2; ++i)
    if (chances[i] <= policy[i].probability) {
      const double amount = magnitude(policy[i].kind, policy[i].level, 10, picture.height, picture.width);
      apply(policy[i].kind, is_signed(policy[i].kind) && signs[i] == 0 ? -amount : amount, picture);
    }
}

void augment_rand_augment(const recipe::Choice& options, Draws& draws, Values& values) {
  if (values.bytes == nullptr)
    return;
  Picture picture = picture_of(values);
  for (int64_t i = 0; i < static_cast<int64_t>(options["operations"]); ++i) {
    const Kind kind = random_kinds[draws.below(14)];
    const double amount =
        magnitude(kind, static_cast<int64_t>(options["magnitude"]), 31, picture.height, picture.width);
    const bool negative = draws.below(2) == 1;
    apply(kind, is_signed(kind) && negative ? -amount : amount, picture);
  }
}

} // namespace rvb::runtime
