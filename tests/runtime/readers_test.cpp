// Readers on files that are damaged, hostile, or whole in a way that is seldom met.
#include "base/failure.h"
#include "data/dataset.h"
#include "data/frames.h"
#include "events/events.h"
#include "files/decompress.h"
#include "files/gzip.h"
#include "files/npy.h"
#include "files/npz.h"
#include "images/image.h"
#include "jpeg.h"
#include "layouts/formats.h"
#include "support.h"

#include <cmath>
#include <cstring>
#include <png.h>
#include <zlib.h>

namespace rvb::runtime {

using test::Folder;

namespace {

template <class Call> std::string failure(Exit exit, Call&& call) {
  try {
    call();
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.exit, exit) << failure.what();
    return failure.what();
  }
  ADD_FAILURE() << "no failure";
  return "";
}

#define EXPECT_HAS(TEXT, PART) EXPECT_NE((TEXT).find(PART), std::string::npos) << (TEXT)

uint32_t sum_of(const std::string& text) {
  return static_cast<uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(text.data()), static_cast<uInt>(text.size())));
}

// Between the scans of a progressive picture.
Bytes with_extraneous_bytes(const Bytes& jpeg) {
  const uint8_t tables[] = {0xff, 0xc4}, scan[] = {0xff, 0xda};
  auto first = std::search(jpeg.begin(), jpeg.end(), scan, scan + 2);
  auto at = std::search(first, jpeg.end(), tables, tables + 2);
  EXPECT_NE(at, jpeg.end());
  Bytes result(jpeg.begin(), at);
  result.insert(result.end(), 8, 0x55);
  result.insert(result.end(), at, jpeg.end());
  return result;
}

TEST(Jpeg, TruncatedBehindExtraneousBytes) {
  Bytes rgb(64 * 64 * 3);
  for (size_t i = 0; i < rgb.size(); ++i)
    rgb[i] = static_cast<uint8_t>(i * 2654435761u >> 15);
  Bytes good = test::encode_jpeg(rgb, 64, 64, true), odd = with_extraneous_bytes(good);
  EXPECT_EQ(read_image(odd, 3, "a.jpg").pixels, read_image(good, 3, "a.jpg").pixels);
  for (const Bytes& whole : {good, odd})
    for (size_t parts : {3, 5, 7}) {
      Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(whole.size() * parts / 8));
      EXPECT_HAS(failure(Exit::user, [&] { read_image(cut, 3, "a.jpg"); }),
                 "a.jpg: not a valid JPEG image: Premature end of JPEG file");
    }
}

Bytes with_chunk(const Bytes& png, const std::string& chunk) {
  Bytes result = png;
  std::string text =
      test::big_endian(static_cast<uint32_t>(chunk.size()) - 4) + chunk + test::big_endian(sum_of(chunk));
  result.insert(result.begin() + 33, text.begin(), text.end()); // after the header
  return result;
}

Bytes encode_png(const void* pixels, unsigned width, unsigned height, unsigned format, const void* colours = nullptr) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.width = width;
  png.height = height;
  png.format = format;
  png.colormap_entries = colours == nullptr ? 0 : 256;
  Bytes file(100000);
  png_alloc_size_t size = file.size();
  EXPECT_TRUE(png_image_write_to_memory(&png, file.data(), &size, 0, pixels, 0, colours));
  file.resize(size);
  return file;
}

TEST(Png, ColoursAreTakenAsTheyAreWritten) {
  Bytes rgb(256 * 3), grey(256), colours(256 * 3);
  for (size_t i = 0; i < 256; ++i)
    for (size_t c = 0; c < 3; ++c) {
      grey[i] = static_cast<uint8_t>(i);
      rgb[3 * i + c] = static_cast<uint8_t>(i * (c + 1));
      colours[3 * i + c] = static_cast<uint8_t>(255 - i * (c + 1));
    }
  const std::string gamma = "gAMA" + test::big_endian(100000), primaries = "cHRM" + std::string(32, '\1');
  struct {
    Bytes file;
    const uint8_t* pixels;
    size_t channels;
  } cases[] = {{encode_png(rgb.data(), 16, 16, PNG_FORMAT_RGB), rgb.data(), 3},
               {encode_png(grey.data(), 16, 16, PNG_FORMAT_GRAY), grey.data(), 1},
               {encode_png(grey.data(), 16, 16, PNG_FORMAT_RGB_COLORMAP, colours.data()), colours.data(), 3}};
  for (auto& each : cases)
    for (const Bytes& file : {each.file, with_chunk(each.file, gamma), with_chunk(each.file, primaries)}) {
      Image image = read_image(file, 3, "a.png");
      for (size_t i = 0; i < 256; ++i)
        for (size_t c = 0; c < 3; ++c)
          ASSERT_EQ(image.pixels[c * 256 + i], each.pixels[i * each.channels + c % each.channels]) << i;
    }
  // Two bytes a colour, as 16-bit files hold them; half transparent pixels.
  std::vector<uint16_t> deep(256);
  Bytes clear(256 * 4, 128);
  for (size_t i = 0; i < 256; ++i) {
    deep[i] = static_cast<uint16_t>(i * 257);
    clear[4 * i] = static_cast<uint8_t>(i);
  }
  Bytes file = encode_png(deep.data(), 16, 16, PNG_FORMAT_LINEAR_Y);
  Image image = read_image(file, 3, "a.png");
  for (size_t i = 0; i < 256; ++i)
    ASSERT_EQ(image.pixels[i], i);
  EXPECT_EQ(read_image(with_chunk(file, gamma), 3, "a.png").pixels, image.pixels);
  file = encode_png(clear.data(), 16, 16, PNG_FORMAT_RGBA);
  EXPECT_EQ(read_image(with_chunk(file, gamma), 3, "a.png").pixels, read_image(file, 3, "a.png").pixels);
}

Bytes bytes_of(const std::string& text) {
  return Bytes(text.begin(), text.end());
}

std::string little_endian(uint64_t value, int width) {
  std::string text;
  for (int i = 0; i < width; ++i)
    text += static_cast<char>(value >> (8 * i));
  return text;
}

std::string squeeze(const std::string& text, int window) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY);
  std::string out(text.size() + 1000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

Bytes zip(const std::string& name, const std::string& content, bool deflated, uint32_t sum) {
  std::string data = deflated ? squeeze(content, -15) : content;
  std::string sizes = little_endian(sum, 4) + little_endian(data.size(), 4) + little_endian(content.size(), 4) +
                      little_endian(name.size(), 2) + little_endian(0, 2);
  std::string method = little_endian(deflated ? 8 : 0, 2) + little_endian(0, 4);
  std::string local = "PK\3\4" + little_endian(20, 2) + little_endian(0, 2) + method + sizes + name + data;
  std::string directory = "PK\1\2" + little_endian(20, 2) + little_endian(20, 2) + little_endian(0, 2) + method +
                          sizes + std::string(14, '\0') + name;
  return bytes_of(local + directory + "PK\5\6" + little_endian(0, 4) + little_endian(1, 2) + little_endian(1, 2) +
                  little_endian(directory.size(), 4) + little_endian(local.size(), 4) + little_endian(0, 2));
}

TEST(Npz, ChecksTheSumOfEachMember) {
  std::string content = "123456789";
  ASSERT_EQ(sum_of(content), 0xcbf43926u);
  for (bool deflated : {false, true}) {
    auto members = parse_npz(zip("t.npy", content, deflated, 0xcbf43926u), "a.npz");
    ASSERT_EQ(members.size(), 1u);
    EXPECT_EQ(members[0].second, bytes_of(content));
    std::string message =
        failure(Exit::user, [&] { parse_npz(zip("t.npy", content, deflated, 0xcbf43927u), "a.npz"); });
    EXPECT_HAS(message, "a.npz: not a valid NPZ archive: t.npy is damaged: its check sum");
  }
}

TEST(Gzip, ReadsEveryMember) {
  std::string a = squeeze("one", 15 + 16), b = squeeze(std::string(50000, 'x'), 15 + 16), none = squeeze("", 15 + 16);
  auto unpacked = [](const std::string& text) {
    Bytes out = test::unpack(bytes_of(text), "a.gz");
    return std::string(out.begin(), out.end());
  };
  EXPECT_EQ(unpacked(a + b + none + a), "one" + std::string(50000, 'x') + "one");
  EXPECT_EQ(unpacked(a + std::string(512, '\0')), "one");
  EXPECT_EQ(unpacked(none), "");
  EXPECT_HAS(failure(Exit::user, [&] { unpacked(a + b.substr(0, b.size() / 2)); }), "a.gz: the gzip stream is damaged");
  EXPECT_HAS(failure(Exit::user, [&] { unpacked(a + b.substr(0, 5)); }), "truncated after 3 bytes");
  EXPECT_HAS(failure(Exit::user, [&] { unpacked(a + "more"); }), "a.gz: 4 bytes that are no gzip stream follow");
}

TEST(Decompress, ReadsEveryFrame) {
  // As they are without compressing: a block of five bytes.
  const std::string lz4_head("\x04\x22\x4d\x18\x60\x40\x82\x05\0\0\x80", 11), lz4_tail(4, '\0');
  const std::string zstd_head("\x28\xb5\x2f\xfd\x20\x05\x29\0\0", 9);
  auto check = [&](auto&& unpack, const std::string& head, const std::string& tail, const char* what) {
    std::string one = head + "hello" + tail, two = head + "world" + tail;
    auto unpacked = [&](const std::string& text) {
      Bytes out = unpack(reinterpret_cast<const uint8_t*>(text.data()), text.size(), size_t{1} << 20, "a.aedat4");
      return std::string(out.begin(), out.end());
    };
    EXPECT_EQ(unpacked(one), "hello");
    EXPECT_EQ(unpacked(one + two + one), "helloworldhello");
    for (const std::string& bad :
         {std::string(), one + "more", one + two.substr(0, two.size() - 1), one + two.substr(0, 3)})
      EXPECT_HAS(failure(Exit::user, [&] { unpacked(bad); }), std::string("a.aedat4: a packet's ") + what);
  };
  check(unpack_lz4, lz4_head, lz4_tail, "LZ4");
  check(unpack_zstd, zstd_head, "", "Zstandard");
}

TEST(Events, ARecordingWithoutAnyIsRefused) {
  EXPECT_HAS(failure(Exit::user,
                     [] {
                       parse_atis({0, 240, 0, 0, 0}, "a.bin");
                     }),
             "a.bin: not a valid N-MNIST file: it holds no events");
  std::string outside = "#!AER-DAT2.0\r\n" + test::big_endian(0x8000) + test::big_endian(7);
  EXPECT_HAS(failure(Exit::user, [&] { parse_aedat2(bytes_of(outside), "a.aedat"); }),
             "a.aedat: not a valid AEDAT 2.0 file: it holds no events");
}

std::string npy(const std::string& type, const std::string& shape, const std::string& data) {
  std::string header = "{'descr': " + type + ", 'fortran_order': False, 'shape': (" + shape + "), }\n";
  return std::string("\x93NUMPY\x01\x00", 8) + little_endian(header.size(), 2) + header + data;
}

template <class Number> std::string raw(std::initializer_list<Number> numbers) {
  return std::string(reinterpret_cast<const char*>(numbers.begin()), numbers.size() * sizeof(Number));
}

std::vector<int64_t> times_of(const std::string& file) {
  std::vector<int64_t> times;
  for (const Event& event : parse_event_arrays(bytes_of(file), "a.npy", 4, 4).events)
    times.push_back(event.time);
  return times;
}

TEST(Events, TimesOfArraysKeepEveryBit) {
  constexpr int64_t late = 1'600'000'000'000'001, odd = (int64_t{1} << 53) + 1;
  EXPECT_EQ(times_of(npy("'<f8'", "2, 4", raw<double>({1, 2, 1, 1e15 + 1, 3, 0, 0, late}))),
            (std::vector<int64_t>{1'000'000'000'000'001, late}));
  EXPECT_EQ(times_of(npy("'<i8'", "2, 4", raw<int64_t>({1, 2, 1, odd, 3, 0, 0, odd + 2}))),
            (std::vector<int64_t>{odd, odd + 2}));
  std::string structure = "[('x', '|u1'), ('y', '|u1'), ('p', '|u1'), ('t', '<u8')]";
  EXPECT_EQ(times_of(npy(structure, "1,", std::string("\1\2\1", 3) + raw<int64_t>({odd}))), std::vector<int64_t>{odd});
  EXPECT_HAS(failure(Exit::user, [] { times_of(npy("'<f8'", "1, 4", raw<double>({1, 2, 1, 1.5}))); }), "--time-unit");
  for (double bad : {0x1p62, -0x1p62, std::nan(""), 1e300})
    EXPECT_HAS(failure(Exit::user, [&] { times_of(npy("'<f8'", "1, 4", raw<double>({1, 2, 1, bad}))); }), "event 0");
  for (int64_t bad : {int64_t{1} << 62, INT64_MIN})
    EXPECT_HAS(failure(Exit::user, [&] { times_of(npy("'<i8'", "1, 4", raw<int64_t>({1, 2, 1, bad}))); }), "event 0");
  EXPECT_HAS(failure(Exit::user,
                     [] {
                       times_of(npy("'<u8'", "1, 4", raw<uint64_t>({1, 2, 1, ~uint64_t{0}})));
                     }),
             "a.npy");
  EXPECT_HAS(failure(Exit::user,
                     [&] { times_of(npy(structure, "1,", std::string("\1\2\1", 3) + raw<uint64_t>({~uint64_t{0}}))); }),
             "event 0");
}

Manifest pictures(int64_t channels, int64_t side) {
  Manifest m;
  m.name = "Net";
  m.input = {channels, side, side};
  m.channels = channels;
  m.height = m.width = side;
  m.classes = 2;
  return m;
}

TEST(Pictures, ACutIsAPartOfTheWhole) {
  Image image{3, 30, 50, Bytes(3 * 30 * 50)};
  for (size_t i = 0; i < image.pixels.size(); ++i)
    image.pixels[i] = static_cast<uint8_t>(i * 2654435761u >> 13);
  for (auto [h, w] : {std::pair<int64_t, int64_t>{20, 33}, {30, 50}, {77, 60}, {12, 90}}) {
    Image whole = resample(image, 0, 0, 30, 50, h, w), cut = resample_cut(image, h, w, 3, 7, 8, 20);
    for (int64_t c = 0; c < 3; ++c)
      for (int64_t y = 0; y < 8; ++y)
        for (int64_t x = 0; x < 20; ++x)
          ASSERT_EQ(cut.pixels[static_cast<size_t>((c * 8 + y) * 20 + x)],
                    whole.pixels[static_cast<size_t>((c * h + y + 3) * w + x + 7)]);
  }
  EXPECT_EQ(resample(image, 0, 0, 30, 50, 30, 50).pixels, image.pixels);
}

TEST(Pictures, AThinOneTakesNoMoreThanItsMiddle) {
  Folder folder;
  for (const char* name : {"train", "train/a", "train/b"})
    make_folder(folder / name);
  Bytes high = encode_png(Bytes(60000, 77).data(), 1, 60000, PNG_FORMAT_GRAY);
  for (const char* name : {"train/a/0.png", "train/b/0.png"})
    write_file(folder / name, {reinterpret_cast<const char*>(high.data()), high.size()});
  DataSettings settings;
  settings.folder = folder.path();
  settings.resize = 256;
  settings.windows = true; // decoded here, without threads
  Manifest m = pictures(1, 224);
  auto dataset = open_folder(settings, Split::train, m);
  EXPECT_TRUE(test::within(size_t{1} << 28, [&] {
    std::vector<float> to(224 * 224);
    dataset->read(0, nullptr, to.data(), 0);
    for (float value : to)
      if (value != 77 / 255.0f)
        throw std::runtime_error("a pixel is " + std::to_string(value));
  }));
}

TEST(Frames, AHeaderTakesNoMemoryForWhatDoesNotFollow) {
  Folder folder;
  write_file(folder / "f.npy", npy("'<f8'", "400000, 1, 28, 28", "few"));
  Manifest m = pictures(1, 28);
  EXPECT_TRUE(test::within(size_t{1} << 28, [&] {
    FrameReader reader(folder / "f.npy", m);
    std::vector<float> frame;
    try {
      reader.next(frame);
    } catch (const Failure& failure) {
      if (std::strstr(failure.what(), "f.npy: the data is truncated inside a frame") != nullptr)
        return;
      throw;
    }
    throw std::runtime_error("no failure");
  }));
}

} // namespace
} // namespace rvb::runtime
