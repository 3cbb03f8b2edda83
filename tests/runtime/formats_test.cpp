// Readers and writers: safetensors, NPY, IDX, gzip, CIFAR-10, images.
#include "base/failure.h"
#include "base/half.h"
#include "data/dataset.h"
#include "files/gzip.h"
#include "files/idx.h"
#include "files/npy.h"
#include "files/safetensors.h"
#include "images/image.h"
#include "jpeg.h"
#include "layouts/formats.h"
#include "support.h"

#include <cmath>
#include <png.h>
#include <zlib.h>

namespace rvb::runtime {

using test::augment_of;
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

std::string raw(const std::string& header, const std::string& data) {
  std::string bytes(8, 0);
  for (int i = 0; i < 8; ++i)
    bytes[static_cast<size_t>(i)] = static_cast<char>(header.size() >> (8 * i));
  return bytes + header + data;
}

Safetensors parse(const std::string& bytes) {
  return parse_safetensors(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), "w.safetensors");
}

std::string refused(const std::string& bytes) {
  return failure(Exit::user, [&] { parse(bytes); });
}

TEST(Safetensors, ComesBackAsItWasWritten) {
  Safetensors file{{{"a.weight", {2, 3}, {1, 2, 3, 4, 5, -0.0f}}, {"b", {}, {7}}, {"empty", {0, 4}, {}}},
                   {{"format", "pt"}}};
  std::string bytes = print_safetensors(file);
  Safetensors back = parse(bytes);
  ASSERT_EQ(back.tensors.size(), 3u);
  EXPECT_EQ(back.find("a.weight")->shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(back.find("a.weight")->values, file.tensors[0].values);
  EXPECT_EQ(back.find("b")->values, std::vector<float>{7});
  EXPECT_EQ(*back.find_metadata("format"), "pt");
  EXPECT_EQ(back.find("c"), nullptr);
  uint64_t header = 0;
  std::memcpy(&header, bytes.data(), 8);
  EXPECT_EQ(header % 8, 0u);
}

TEST(Safetensors, ConvertsOtherFloatsAndKeepsIntegersApart) {
  std::string data;
  double wide = 0.1;
  data.append(reinterpret_cast<const char*>(&wide), 8);
  data += std::string("\x00\x3c", 2); // f16 1.0
  data += std::string("\xc0\xbf", 2); // bf16 -1.5
  data += std::string(8, 1);
  Safetensors file = parse(raw(R"({"d":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},
    "h":{"dtype":"F16","shape":[1],"data_offsets":[8,10]},"b":{"dtype":"BF16","shape":[1],"data_offsets":[10,12]},
    "n":{"dtype":"I64","shape":[],"data_offsets":[12,20]}})",
                               data));
  EXPECT_EQ(file.find("d")->values[0], 0.1f);
  EXPECT_EQ(file.find("h")->values[0], 1.0f);
  EXPECT_EQ(file.find("b")->values[0], -1.5f);
  EXPECT_TRUE(file.find("n")->values.empty());
  EXPECT_EQ(file.find("n")->dtype, "I64");
}

TEST(Safetensors, RefusesWhatIsBroken) {
  std::string good = print_safetensors({{{"a", {2}, {1, 2}}}, {}});
  for (size_t size = 0; size < good.size(); ++size)
    refused(good.substr(0, size));
  EXPECT_HAS(refused(good + "x"), "1 bytes follow");
  EXPECT_HAS(refused(raw("{]", "")), "not JSON");
  EXPECT_HAS(refused(raw("[]", "")), "not a JSON object");
  EXPECT_HAS(
      refused(raw(
          R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
          "1234")),
      "twice");
  EXPECT_HAS(
      refused(raw(
          R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}})",
          "123456")),
      "overlap");
  EXPECT_HAS(refused(raw(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", "1234")), "does not fit");
  EXPECT_HAS(refused(raw(R"({"a":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}})", "1234")), "unknown dtype");
  EXPECT_HAS(refused(raw(R"({"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}})", "1234")), "bad shape");
  EXPECT_HAS(
      refused(raw(R"({"a":{"dtype":"F32","shape":[281474976710655,281474976710655],"data_offsets":[0,4]}})", "1234")),
      "too large");
  EXPECT_HAS(refused(raw(R"({"__metadata__":{"a":1}})", "")), "strings");
  EXPECT_HAS(refused(std::string(8, '\xff')), "header of");
  EXPECT_HAS(failure(Exit::io, [] { read_safetensors("/nowhere/w"); }), "/nowhere/w");
}

TEST(Half, KnownValues) {
  EXPECT_EQ(half_to_float(0x3555), 0.333251953125f);
  EXPECT_EQ(half_to_float(0x0001), 0x1p-24f);
  EXPECT_EQ(half_to_float(0x7bff), 65504.0f);
  EXPECT_TRUE(std::isinf(half_to_float(0xfc00)));
  EXPECT_TRUE(std::isnan(half_to_float(0x7e00)));
  EXPECT_TRUE(std::signbit(half_to_float(0x8000)));
}

NpyArray npy(const std::string& header, const std::string& data, int version = 1) {
  std::string bytes = "\x93NUMPY";
  bytes += static_cast<char>(version);
  bytes += '\0';
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i)
    bytes += static_cast<char>(header.size() >> (8 * i));
  bytes += header + data;
  return parse_npy(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), "x.npy");
}

TEST(Npy, ComesBackAsItWasWritten) {
  std::vector<float> values{1, 2, 3, 4, 5, 6};
  for (const std::vector<int64_t>& shape : {std::vector<int64_t>{2, 3}, {6}, {1, 2, 3, 1}}) {
    std::string bytes = print_npy(shape, values.data());
    EXPECT_EQ((bytes.size() - 24) % 64, 0u);
    NpyArray back = parse_npy(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), "x.npy");
    EXPECT_EQ(back.shape, shape);
    EXPECT_EQ(back.values, values);
    for (size_t size = 0; size < bytes.size(); ++size)
      failure(Exit::user, [&] { parse_npy(reinterpret_cast<const uint8_t*>(bytes.data()), size, "x.npy"); });
  }
}

// Read one by one, in either order: the numbers of the whole array.
TEST(Npy, NumbersOneByOne) {
  std::string data;
  for (char i = 0; i < 24; ++i)
    data += i;
  for (const char* order : {"False", "True"}) {
    std::string bytes("\x93NUMPY\1\0", 8);
    const std::string header = std::string("{'descr': '|i1', 'fortran_order': ") + order + ", 'shape': (2, 3, 4)}";
    bytes += {static_cast<char>(header.size()), '\0'};
    bytes += header + data;
    const auto* file = reinterpret_cast<const uint8_t*>(bytes.data());
    const NpyArray whole = parse_npy(file, bytes.size(), "x.npy");
    const NpyNumbers numbers = npy_numbers(file, bytes.size(), "x.npy");
    EXPECT_EQ(numbers.shape, whole.shape);
    ASSERT_EQ(numbers.count, whole.whole.size());
    for (size_t i = 0; i < whole.whole.size(); ++i)
      EXPECT_EQ(static_cast<int64_t>(numbers.value(i)), whole.whole[i]) << order << i;
    failure(Exit::user, [&] { npy_numbers(file, bytes.size() - 1, "x.npy"); });
  }
}

TEST(Npy, TypesOrdersVersions) {
  EXPECT_EQ(npy("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }", std::string("\0\1\2\3\4\5", 6)).whole,
            (std::vector<int64_t>{0, 2, 4, 1, 3, 5}));
  EXPECT_EQ(npy("{'descr': '>i2', 'fortran_order': False, 'shape': (2,)}", std::string("\xff\xfe\1\0", 4), 2).whole,
            (std::vector<int64_t>{-2, 256}));
  EXPECT_EQ(npy("{'descr': '<f2', 'fortran_order': False, 'shape': ()}", std::string("\x00\xc0", 2), 3).values,
            std::vector<float>{-2});
  EXPECT_EQ(npy("{'shape': (1,), 'descr': '|b1', 'fortran_order': False}", "\1").whole, std::vector<int64_t>{1});
}

TEST(Npy, RefusesWhatIsBroken) {
  for (const char* header :
       {"", "{", "{}", "{'descr': '<f4'}", "{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 'x'}",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (200000000000000, 200000000000000)}"})
    EXPECT_HAS(failure(Exit::user, [&] { npy(header, "1234"); }), "x.npy: not a valid NPY file");
}

TEST(Idx, RefusesWhatIsBroken) {
  using test::big_endian;
  auto parse = [](const std::string& text, int rank) {
    return IdxFile(Bytes(text.begin(), text.end()), rank, "t.idx").values();
  };
  EXPECT_EQ(parse(big_endian(0x801) + big_endian(2) + "ab", 1), (Bytes{'a', 'b'}));
  for (const std::string& text : {std::string("ab"), big_endian(0x803) + big_endian(2) + "ab",
                                  big_endian(0x801) + big_endian(3) + "ab", big_endian(0x801) + big_endian(1) + "ab"})
    EXPECT_HAS(failure(Exit::user, [&] { parse(text, 1); }), "t.idx: not a valid IDX file");
  std::string huge = big_endian(0x803) + std::string(12, '\xff');
  failure(Exit::user, [&] { parse(huge, 3); });
}

Bytes gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  Bytes out(text.size() + 1000);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST(Gzip, UnpacksAndNoticesDamage) {
  std::string text(100000, 'x');
  Bytes packed = gzip(text), back = test::unpack(packed, "a.gz");
  EXPECT_EQ(std::string(back.begin(), back.end()), text);
  Bytes cut(packed.begin(), packed.end() - 5);
  EXPECT_HAS(failure(Exit::user, [&] { test::unpack(cut, "a.gz"); }), "a.gz");
  packed[packed.size() - 6] ^= 1; // in the check sum
  failure(Exit::user, [&] { test::unpack(packed, "a.gz"); });
}

Manifest picture(Shape shape, int64_t classes = 10) {
  Manifest m;
  m.name = "Net";
  m.input = shape;
  m.channels = shape[0];
  m.height = shape[1];
  m.width = shape[2];
  m.classes = classes;
  return m;
}

TEST(Dataset, CifarRecordsInMemoryOrder) {
  Folder folder;
  std::string record(1, 7);
  for (int i = 0; i < 3072; ++i)
    record += static_cast<char>(i / 1024 * 50 + i % 32);
  for (const char* name :
       {"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"})
    write_file(folder / (std::string(name) + ".bin"), record + record);
  Manifest m = picture({3, 32, 32});
  m.recipe.mean = {0.5f, 0.25f, 0};
  m.recipe.deviation = {0.5f, 1, 2};
  auto train = open_folder({folder.path()}, Split::train, m), test = open_folder({folder.path()}, Split::test, m);
  EXPECT_EQ(train->count(), 10);
  EXPECT_EQ(test->count(), 2);
  EXPECT_EQ(test->label(1), 7);
  std::vector<float> image(3072);
  Variation variation;
  variation.augment = augment_of({"flip"});
  while (view_of(&variation, 1, 32, 32).columns[0] != 31)
    ++variation.epoch;
  test->read(1, &variation, image.data(), 0); // flipped: the first pixel is column 31
  EXPECT_EQ(image[0], (31 / 255.0f - 0.5f) / 0.5f);
  EXPECT_EQ(image[1], (81 / 255.0f - 0.25f) / 1);
  EXPECT_EQ(image[2], (131 / 255.0f) / 2);
  m.classes = 7;
  EXPECT_HAS(failure(Exit::user, [&] { open_folder({folder.path()}, Split::test, m); }), "label 7");
  EXPECT_HAS(failure(Exit::user,
                     [&] {
                       open_folder({folder.path()}, Split::test, picture({1, 28, 28}));
                     }),
             "[3, 32, 32]");
  write_file(folder / "test_batch.bin", record + "x");
  EXPECT_HAS(failure(Exit::user,
                     [&] {
                       open_folder({folder.path()}, Split::test, picture({3, 32, 32}));
                     }),
             "test_batch.bin");
}

TEST(Dataset, WrongFolderSaysWhatWasExpected) {
  Folder folder;
  write_file(folder / "holiday.txt", "x");
  std::string message = failure(Exit::io, [&] { open_folder({folder.path()}, Split::test, picture({1, 28, 28})); });
  for (const char* part : {"train-images-idx3-ubyte", "data_batch_1.bin", "holiday.txt"})
    EXPECT_HAS(message, part);
  failure(Exit::io, [&] { open_folder({folder / "none"}, Split::test, picture({1, 28, 28})); });
  test::write_idx(folder.path(), "train", 5, 1);
  EXPECT_HAS(failure(Exit::io,
                     [&] {
                       open_folder({folder.path()}, Split::test, picture({1, 28, 28}));
                     }),
             "t10k-images-idx3-ubyte");
}

TEST(Dataset, SequencesLieByFrames) {
  Folder folder;
  std::vector<float> values(2 * 3 * 1 * 2 * 2);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>(i);
  write_npy(folder / "x.npy", {2, 3, 1, 2, 2}, values.data());
  Manifest m = picture({1, 2, 2});
  m.sequence = true;
  m.steps = 2;
  auto dataset = open_arrays(folder / "x.npy", "", m);
  EXPECT_EQ(dataset->count(), 3);
  int64_t samples[] = {2, 0};
  float batch[16];
  Variation variation;
  variation.augment = augment_of({"flip"});
  while (view_of(&variation, 2, 2, 2).columns[0] != 0 || view_of(&variation, 0, 2, 2).columns[0] != 1)
    ++variation.epoch;
  load_batch(*dataset, samples, &variation, 2, m, batch, nullptr);
  float expected[] = {8, 9, 10, 11, 1, 0, 3, 2, 20, 21, 22, 23, 13, 12, 15, 14};
  for (int i = 0; i < 16; ++i)
    EXPECT_EQ(batch[i], expected[i]) << i;
  m.steps = 3;
  EXPECT_HAS(failure(Exit::user, [&] { open_arrays(folder / "x.npy", "", m); }), "[3, N, 1, 2, 2]");
  m.steps = 2;
  values[5] = std::nanf("");
  write_npy(folder / "x.npy", {2, 3, 1, 2, 2}, values.data());
  EXPECT_HAS(failure(Exit::user, [&] { open_arrays(folder / "x.npy", "", m); }), "element 5 is not finite");
}

// Encoded by the libraries themselves: what was drawn comes back.
TEST(Image, ReadsPngAndJpeg) {
  Bytes rgb(20 * 10 * 3), grey(20 * 10), file(100000);
  for (size_t i = 0; i < grey.size(); ++i) {
    grey[i] = static_cast<uint8_t>(i);
    for (size_t c = 0; c < 3; ++c)
      rgb[3 * i + c] = static_cast<uint8_t>(i * (c + 1) + c);
  }
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.width = 20;
  png.height = 10;
  for (bool colour : {false, true}) {
    png.format = colour ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
    png_alloc_size_t size = file.size();
    ASSERT_TRUE(png_image_write_to_memory(&png, file.data(), &size, 0, (colour ? rgb : grey).data(), 0, nullptr));
    Bytes bytes(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
    Image one = read_image(bytes, 1, "a.png"), three = read_image(bytes, 3, "a.png");
    EXPECT_EQ(one.height, 10);
    EXPECT_EQ(one.width, 20);
    for (size_t i = 0; i < grey.size(); ++i) {
      double luma = colour ? 0.299 * rgb[3 * i] + 0.587 * rgb[3 * i + 1] + 0.114 * rgb[3 * i + 2] : grey[i];
      EXPECT_NEAR(one.pixels[i], luma, 0.51);
      for (size_t c = 0; c < 3; ++c)
        EXPECT_EQ(three.pixels[c * 200 + i], colour ? rgb[3 * i + c] : grey[i]);
    }
    for (size_t size = 9; size + 12 < bytes.size(); size += 7) // the last 12 bytes are the end mark
      failure(Exit::user,
              [&] { read_image(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)), 1, "a.png"); });
  }
  for (size_t i = 0; i < rgb.size(); ++i) // smooth: JPEG keeps it
    rgb[i] = static_cast<uint8_t>(i / 60 * 10 + i / 3 % 20 * 3 + i % 3 * 5);
  Bytes bytes = test::encode_jpeg(rgb, 20, 10);
  Image image = read_image(bytes, 3, "a.jpg");
  for (size_t i = 0; i < 200; ++i)
    for (size_t c = 0; c < 3; ++c)
      EXPECT_NEAR(image.pixels[c * 200 + i], rgb[3 * i + c], 3);
  bytes.resize(bytes.size() / 2);
  EXPECT_HAS(failure(Exit::user, [&] { read_image(bytes, 3, "a.jpg"); }), "a.jpg: not a valid JPEG image");
}

TEST(Image, RefusesWhatIsBroken) {
  Bytes png{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0, 0, 0, 13, 'I', 'H', 'D', 'R'},
      jpeg{0xff, 0xd8, 0xff, 0xe0, 0, 16};
  EXPECT_HAS(failure(Exit::user, [&] { read_image(png, 1, "a.png"); }), "a.png");
  EXPECT_HAS(failure(Exit::user, [&] { read_image(jpeg, 1, "a.jpg"); }), "a.jpg");
  EXPECT_HAS(failure(Exit::user, [&] { read_image({1, 2, 3}, 1, "a.txt"); }), "a.txt is not a picture");
}

} // namespace
} // namespace rvb::runtime
