// Pictures on their way to the network: one preparation, torchvision's; what is read of each kind of file.
#include "base/failure.h"
#include "data/dataset.h"
#include "images/image.h"
#include "layouts/formats.h"
#include "support.h"

#include <png.h>

namespace rvb::runtime {

using test::failure;
using test::Folder;

namespace {

#define EXPECT_HAS(TEXT, PART) EXPECT_NE((TEXT).find(PART), std::string::npos) << (TEXT)

// Resize and CenterCrop of torchvision, as Pillow 9.4 computed it from the same pixels.
TEST(Pictures, ArePreparedAsTorchvisionDoes) {
  const struct {
    int64_t height, width, resize;
    std::vector<int> wanted; // 3 x 4 x 4
  } cases[] = {{13, 20, 9, {92,  149, 174, 164, 149, 132, 129, 124, 130, 134, 188, 120, 161, 120, 82,  136,
                            140, 149, 115, 86,  130, 88,  118, 144, 128, 153, 85,  117, 135, 100, 130, 156,
                            162, 155, 72,  106, 120, 111, 166, 115, 175, 111, 131, 110, 71,  123, 178, 127}},
               {20, 13, 9, {167, 122, 152, 104, 95,  111, 154, 162, 180, 75,  67,  120, 170, 197, 61,  75,
                            119, 112, 103, 154, 115, 131, 158, 142, 125, 64,  116, 168, 208, 114, 71,  125,
                            137, 96,  150, 143, 144, 154, 87,  89,  78,  112, 163, 158, 52,  67,  121, 175}},
               {5, 7, 12, {110, 126, 142, 158, 124, 140, 156, 172, 142, 158, 174, 190, 165, 181, 197, 213,
                           160, 176, 192, 208, 174, 190, 206, 222, 174, 167, 171, 187, 160, 106, 87,  103,
                           210, 226, 186, 90,  224, 240, 200, 104, 189, 205, 177, 104, 105, 121, 116, 90}},
               {9, 9, 9, {118, 155, 192, 229, 173, 210, 247, 28,  250, 31,  68,  105, 93,  130, 167, 204,
                          168, 205, 242, 23,  223, 4,   41,  78,  44,  81,  118, 155, 143, 180, 217, 254,
                          218, 255, 36,  73,  17,  54,  91,  128, 94,  131, 168, 205, 193, 230, 11,  48}}};
  for (const auto& each : cases) {
    Image image{3, each.height, each.width, {}};
    for (int64_t c = 0; c < 3; ++c)
      for (int64_t y = 0; y < each.height; ++y)
        for (int64_t x = 0; x < each.width; ++x)
          image.pixels.push_back(static_cast<uint8_t>(x * 37 + y * y * 11 + c * 50));
    Image made = prepare(image, each.resize, 4, 4);
    for (size_t i = 0; i < 48; ++i)
      EXPECT_EQ(made.pixels[i], each.wanted[i]) << each.height << " x " << each.width << ", " << i;
  }
}

// Without a size to resize to, the input is just covered, whichever side is the longer.
TEST(Pictures, CoverTheInput) {
  for (auto [h, w] : {std::pair<int64_t, int64_t>{3, 500}, {500, 3}, {8, 8}, {1, 1}, {8, 12}, {4000, 7}}) {
    Image image{1, h, w, Bytes(static_cast<size_t>(h * w), 9)};
    Image made = prepare(image, 0, 8, 12);
    EXPECT_EQ(made.height, 8);
    EXPECT_EQ(made.width, 12);
    EXPECT_EQ(made.pixels, Bytes(96, 9));
  }
}

// A picture alone gives the bits that it gives in a folder, whatever is asked of it.
TEST(Pictures, AloneAndInAFolder) {
  Folder folder;
  make_folder(folder / "test/a/inner");
  make_folder(folder / "train/a");
  std::string ppm = "P6\n# a comment\n40 25\n255\n";
  for (int i = 0; i < 3000; ++i)
    ppm += static_cast<char>(i * 2654435761u >> 13);
  write_file(folder / "test/a/inner/0.ppm", ppm);
  for (int64_t channels : {1, 3})
    for (int64_t resize : {0, 16, 23}) {
      Manifest m;
      m.name = "Net";
      m.input = {channels, 16, 16};
      m.channels = channels;
      m.height = m.width = 16;
      m.recipe.mean.assign(static_cast<size_t>(channels), 0.4f);
      m.recipe.deviation.assign(static_cast<size_t>(channels), 0.3f);
      std::vector<float> all[3];
      DataSettings settings;
      settings.folder = folder.path();
      settings.resize = resize;
      bool resized = false;
      for (int i = 0; i < 3; ++i) { // of the cache, decoded when it is read, alone
        settings.windows = i == 1;
        auto dataset = i == 2 ? open_picture(folder / "test/a/inner/0.ppm", "", settings, m, resized)
                              : open_folder(settings, Split::test, m);
        EXPECT_EQ(dataset->count(), 1);
        EXPECT_EQ(dataset->labelled(), i < 2);
        all[i].resize(static_cast<size_t>(m.pixels()));
        dataset->read(0, nullptr, all[i].data(), 0);
      }
      EXPECT_EQ(all[0], all[1]);
      EXPECT_EQ(all[0], all[2]);
      EXPECT_TRUE(resized);
      settings.resize = 15;
      EXPECT_HAS(failure(Exit::user, [&] { open_picture(folder / "test/a/inner/0.ppm", "", settings, m, resized); }),
                 "resize must not be smaller");
    }
}

Bytes encode_png(const void* pixels, unsigned side, unsigned format, const void* colours = nullptr) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.width = png.height = side;
  png.format = format;
  png.colormap_entries = colours == nullptr ? 0 : 256;
  Bytes file(100000);
  png_alloc_size_t size = file.size();
  EXPECT_TRUE(png_image_write_to_memory(&png, file.data(), &size, 0, pixels, 0, colours));
  file.resize(size);
  return file;
}

// As Pillow's convert("RGB") and ("L"): colours keep their numbers, however transparent they are.
TEST(Pictures, TransparencyIsDropped) {
  Bytes rgba(256 * 4), grey(256 * 2), index(256);
  for (size_t i = 0; i < 256; ++i) {
    index[i] = static_cast<uint8_t>(i);
    for (size_t c = 0; c < 4; ++c)
      rgba[4 * i + c] = static_cast<uint8_t>(i * (2 * c + 1) + c * 40);
    grey[2 * i] = static_cast<uint8_t>(i);
    grey[2 * i + 1] = static_cast<uint8_t>(i * 3);
  }
  auto check = [](const Bytes& file, auto&& wanted) {
    Image colour = read_image(file, 3, "a.png"), one = read_image(file, 1, "a.png");
    for (size_t i = 0; i < 256; ++i) {
      for (size_t c = 0; c < 3; ++c)
        ASSERT_EQ(colour.pixels[c * 256 + i], wanted(i, c)) << i;
      ASSERT_EQ(one.pixels[i], (wanted(i, 0) * 19595 + wanted(i, 1) * 38470 + wanted(i, 2) * 7471 + 32768) >> 16) << i;
    }
  };
  auto colour = [&](size_t i, size_t c) -> int { return rgba[4 * i + c]; };
  check(encode_png(rgba.data(), 16, PNG_FORMAT_RGBA), colour);
  check(encode_png(index.data(), 16, PNG_FORMAT_RGBA_COLORMAP, rgba.data()), colour);
  check(encode_png(grey.data(), 16, PNG_FORMAT_GA), [&](size_t i, size_t) -> int { return grey[2 * i]; });
}

std::string little_endian(uint32_t value, int width) {
  std::string text;
  for (int i = 0; i < width; ++i)
    text += static_cast<char>(value >> (8 * i));
  return text;
}

// A header of 40 bytes, masks or colours, rows.
Bytes bmp(int32_t width, int32_t height, int bits, const std::string& more, const std::string& rows, int packing = 0) {
  std::string head = little_endian(40, 4) + little_endian(static_cast<uint32_t>(width), 4) +
                     little_endian(static_cast<uint32_t>(height), 4) + little_endian(1, 2) +
                     little_endian(static_cast<uint32_t>(bits), 2) + little_endian(static_cast<uint32_t>(packing), 4) +
                     std::string(20, '\0');
  if (bits <= 8)
    head[32] = static_cast<char>(more.size() / 4);
  std::string text = "BM" + std::string(8, '\0') +
                     little_endian(static_cast<uint32_t>(14 + head.size() + more.size()), 4) + head + more + rows;
  return Bytes(text.begin(), text.end());
}

TEST(Pictures, Bmp) {
  auto pixels = [](const Bytes& file) { return read_image(file, 3, "a.bmp").pixels; };
  const Bytes wanted{10, 40, 20, 50, 30, 60}; // two rows of one pixel: 10 20 30, below it 40 50 60
  EXPECT_EQ(pixels(bmp(1, 2, 24, "", {60, 50, 40, 0, 30, 20, 10, 0})), wanted);
  EXPECT_EQ(pixels(bmp(1, -2, 24, "", {30, 20, 10, 0, 60, 50, 40, 0})), wanted);
  EXPECT_EQ(pixels(bmp(1, 2, 32, "", {60, 50, 40, 7, 30, 20, 10, 9})), wanted);
  const std::string masks = little_endian(0xff, 4) + little_endian(0xff00, 4) + little_endian(0xff0000, 4);
  EXPECT_EQ(pixels(bmp(1, 2, 32, masks, {40, 50, 60, 7, 10, 20, 30, 9}, 3)), wanted);
  EXPECT_EQ(pixels(bmp(1, 1, 16, "", std::string("\x00\x7c\0\0", 4))), (Bytes{255, 0, 0}));
  const std::string palette{30, 20, 10, 0, 60, 50, 40, 0};
  EXPECT_EQ(pixels(bmp(1, 2, 8, palette, std::string("\1\0\0\0\0\0\0\0", 8))), wanted);
  EXPECT_EQ(pixels(bmp(1, 2, 4, palette, std::string("\x10\0\0\0\x00\0\0\0", 8))), wanted);
  EXPECT_EQ(pixels(bmp(1, 2, 1, palette, std::string("\x80\0\0\0\x00\0\0\0", 8))), wanted);
  EXPECT_EQ(pixels(bmp(3, 1, 1, palette, std::string("\x40\0\0\0", 4))), (Bytes{10, 40, 10, 20, 50, 20, 30, 60, 30}));
  Bytes good = bmp(1, 2, 24, "", {60, 50, 40, 0, 30, 20, 10, 0});
  for (size_t size = 19; size < good.size(); ++size)
    failure(Exit::user, [&] { pixels(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size))); });
  EXPECT_HAS(failure(Exit::user, [&] { pixels(bmp(1, 2, 8, palette, "", 1)); }),
             "a.bmp: not a valid BMP image: it is packed");
  EXPECT_HAS(failure(Exit::user, [&] { pixels(bmp(40000, 40000, 24, "", "")); }), "too large");
  EXPECT_HAS(failure(Exit::user, [&] { pixels(bmp(1, INT32_MIN, 24, "", "")); }), "a.bmp");
}

TEST(Pictures, Pnm) {
  auto pixels = [](const std::string& text) { return read_image(Bytes(text.begin(), text.end()), 3, "a.ppm").pixels; };
  EXPECT_EQ(pixels("P6 2 1 255\n\1\2\3\4\5\6"), (Bytes{1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(pixels("P5\n#c\n2 #d\n1\n255\n\1\2"), (Bytes{1, 2, 1, 2, 1, 2}));
  EXPECT_EQ(pixels(std::string("P5 2 1 65535\n\7\xff\1\0", 17)), (Bytes{7, 1, 7, 1, 7, 1}));
  EXPECT_EQ(pixels("P5 2 1 3\n\1\3"), (Bytes{85, 255, 85, 255, 85, 255}));
  for (const char* bad : {"P6 2 1 255\n\1\2\3\4\5", "P6 2 1", "P6 2 x 255\n", "P6 2 1 0\n\1\2\3\4\5\6",
                          "P6 2 1 70000\n\1\2\3\4\5\6", "P6 0 1 255\n", "P6 99999 99999 255\n1", "P6 "})
    EXPECT_HAS(failure(Exit::user, [&] { pixels(bad); }), "a.ppm");
}

} // namespace
} // namespace rvb::runtime
