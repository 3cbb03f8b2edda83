#include "augmentations/picture_operations.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace rvb::runtime::picture {

namespace {

using Table = std::array<uint8_t, 256>;
using Bytes = std::vector<uint8_t>;

void look_up(uint8_t* pixels, int64_t count, const Table& table) {
  for (int64_t i = 0; i < count; ++i)
    pixels[i] = table[pixels[i]];
}

template <class Value> Table table_of(Value&& value) {
  Table table;
  for (int i = 0; i < 256; ++i)
    table[static_cast<size_t>(i)] = static_cast<uint8_t>(value(i));
  return table;
}

// Image.blend, which truncates.
void blend(uint8_t* pixels, const uint8_t* from, int64_t count, double factor) {
  const auto alpha = static_cast<float>(factor);
  for (int64_t i = 0; i < count; ++i) {
    const float mixed = static_cast<float>(from[i]) + alpha * static_cast<float>(pixels[i] - from[i]);
    pixels[i] = static_cast<uint8_t>(std::min(255.0f, std::max(0.0f, mixed)));
  }
}

// Image.convert("L"): ITU-R 601 in fixed point.
Bytes grey(const Picture& p) {
  Bytes all(p.pixels, p.pixels + p.plane());
  for (int64_t i = 0; p.channels == 3 && i < p.plane(); ++i)
    all[static_cast<size_t>(i)] = static_cast<uint8_t>(
        (p.pixels[i] * 19595 + p.pixels[p.plane() + i] * 38470 + p.pixels[2 * p.plane() + i] * 7471 + 0x8000) >> 16);
  return all;
}

template <class Use> void each_plane(Picture& p, Use&& use) {
  for (int64_t c = 0; c < p.channels; ++c)
    use(p.pixels + c * p.plane());
}

} // namespace

void affine(Picture& p, const std::array<double, 6>& m) {
  const Bytes old(p.pixels, p.pixels + p.channels * p.plane());
  // In 16.16 fixed point, as Pillow's.
  const auto fixed = [](double value) { return static_cast<int64_t>(std::floor(value * 65536 + 0.5)); };
  const int64_t first_x = fixed(m[2] + m[0] * 0.5 + m[1] * 0.5), first_y = fixed(m[5] + m[3] * 0.5 + m[4] * 0.5);
  for (int64_t y = 0; y < p.height; ++y)
    for (int64_t x = 0; x < p.width; ++x) {
      const int64_t from_x = (first_x + x * fixed(m[0]) + y * fixed(m[1])) >> 16;
      const int64_t from_y = (first_y + x * fixed(m[3]) + y * fixed(m[4])) >> 16;
      const bool inside = from_x >= 0 && from_x < p.width && from_y >= 0 && from_y < p.height;
      const int64_t at = inside ? from_y * p.width + from_x : 0;
      for (int64_t c = 0; c < p.channels; ++c)
        p.pixels[c * p.plane() + y * p.width + x] = inside ? old[static_cast<size_t>(c * p.plane() + at)] : 0;
    }
}

void rotate(Picture& p, double degrees) {
  const double angle = -degrees * 3.14159265358979323846 / 180;
  const double c = std::cos(angle), s = std::sin(angle);
  const double x = static_cast<double>(p.width) / 2, y = static_cast<double>(p.height) / 2;
  affine(p, {c, s, x - c * x - s * y, -s, c, y + s * x - c * y});
}

void brightness(Picture& p, double factor) {
  const Bytes black(static_cast<size_t>(p.plane()));
  each_plane(p, [&](uint8_t* plane) { blend(plane, black.data(), p.plane(), factor); });
}

void color(Picture& p, double factor) {
  const Bytes without = grey(p);
  each_plane(p, [&](uint8_t* plane) { blend(plane, without.data(), p.plane(), factor); });
}

void contrast(Picture& p, double factor) {
  const Bytes without = grey(p);
  int64_t sum = 0;
  for (const uint8_t value : without)
    sum += value;
  const double mean = static_cast<double>(sum) / static_cast<double>(p.plane());
  const Bytes flat(static_cast<size_t>(p.plane()), static_cast<uint8_t>(mean + 0.5));
  each_plane(p, [&](uint8_t* plane) { blend(plane, flat.data(), p.plane(), factor); });
}

// Blended with ImageFilter.SMOOTH: 3 x 3, the centre five times; the border stays.
void sharpness(Picture& p, double factor) {
  each_plane(p, [&](uint8_t* plane) {
    Bytes smooth(plane, plane + p.plane());
    for (int64_t y = 1; y + 1 < p.height; ++y)
      for (int64_t x = 1; x + 1 < p.width; ++x) {
        const uint8_t* centre = plane + y * p.width + x;
        int sum = 4 * *centre;
        for (int64_t dy = -1; dy <= 1; ++dy)
          for (int64_t dx = -1; dx <= 1; ++dx)
            sum += centre[dy * p.width + dx];
        smooth[static_cast<size_t>(y * p.width + x)] = static_cast<uint8_t>((2 * sum + 13) / 26); // rounded
      }
    blend(plane, smooth.data(), p.plane(), factor);
  });
}

void posterize(Picture& p, int bits) {
  const int mask = 0xff & ~((1 << (8 - bits)) - 1);
  look_up(p.pixels, p.channels * p.plane(), table_of([=](int i) { return i & mask; }));
}

void solarize(Picture& p, double threshold) {
  look_up(p.pixels, p.channels * p.plane(), table_of([=](int i) { return i < threshold ? i : 255 - i; }));
}

void invert(Picture& p) {
  look_up(p.pixels, p.channels * p.plane(), table_of([](int i) { return 255 - i; }));
}

void auto_contrast(Picture& p) {
  each_plane(p, [&](uint8_t* plane) {
    const auto [least, most] = std::minmax_element(plane, plane + p.plane());
    if (*most <= *least)
      return;
    const double scale = 255.0 / (*most - *least), offset = -*least * scale;
    look_up(plane, p.plane(),
            table_of([=](int i) { return std::min(255, std::max(0, static_cast<int>(i * scale + offset))); }));
  });
}

void equalize(Picture& p) {
  each_plane(p, [&](uint8_t* plane) {
    std::array<int64_t, 256> counts{};
    for (int64_t i = 0; i < p.plane(); ++i)
      ++counts[plane[i]];
    int64_t last = 0;
    for (const int64_t count : counts)
      last = count > 0 ? count : last;
    const int64_t step = (p.plane() - last) / 255;
    if (step == 0)
      return;
    int64_t n = step / 2;
    look_up(plane, p.plane(), table_of([&](int i) {
              const int64_t value = std::min<int64_t>(255, n / step);
              n += counts[static_cast<size_t>(i)];
              return static_cast<int>(value);
            }));
  });
}

} // namespace rvb::runtime::picture
