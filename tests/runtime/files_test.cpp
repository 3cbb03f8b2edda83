// What is read: regular files only, never more memory than a header promises, and what failed with its reason.
#include "base/files.h"

#include "base/failure.h"
#include "base/half.h"
#include "base/json_text.h"
#include "data/cache.h"
#include "data/dataset.h"
#include "data/frames.h"
#include "files/idx.h"
#include "files/npy.h"
#include "files/npz.h"
#include "files/recognise.h"
#include "files/safetensors.h"
#include "files/weights.h"
#include "layouts/formats.h"
#include "network/parameters.h"
#include "support.h"

#include <cmath>
#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <zlib.h>

namespace rvb::runtime {

using test::failure;
using test::Folder;

namespace {

#define EXPECT_HAS(TEXT, PART) EXPECT_NE((TEXT).find(PART), std::string::npos) << (TEXT)

Manifest network(Shape input, int64_t classes = 2) {
  Manifest m;
  m.name = "Net";
  m.input = input;
  m.channels = input[0];
  m.height = input.size() == 3 ? input[1] : 1;
  m.width = input.size() == 3 ? input[2] : 1;
  m.classes = classes;
  return m;
}

TEST(Files, OnlyRegularOnesAreRead) {
  Folder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  ASSERT_EQ(::symlink("/dev/zero", (folder / "endless").c_str()), 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, (folder / "socket").c_str());
  int file = ::socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(::bind(file, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ::close(file);
  make_folder(folder / "folder");
  Manifest m = network({1, 28, 28});
  for (auto [name, kind] : {std::pair{"pipe", "a named pipe"}, std::pair{"endless", "a character device"},
                            std::pair{"socket", "a socket"}, std::pair{"folder", "a folder"}}) {
    const std::string path = folder / name;
    for (const std::function<void()>& read : std::initializer_list<std::function<void()>>{
             [&] { read_file(path, "data"); }, [&] { read_npy(path); }, [&] { read_safetensors(path); },
             [&] { IdxFile(path, 3); }, [&] { FrameReader(path, m); }, [&] { require_regular(path, "data"); }}) {
      const std::string said = failure(Exit::io, read);
      EXPECT_HAS(said, path + " is " + kind);
    }
    EXPECT_EQ(read_start(path, 10), Bytes());
  }
  EXPECT_HAS(failure(Exit::io, [&] { read_file(folder / "nothing", "data"); }),
             "nothing (expected data): No such file");
}

TEST(Files, OneWithHolesIsNotReadIntoMemory) {
  Folder folder;
  for (const char* name : {"x.npy", "w.safetensors", "t.idx", "any"}) {
    write_file(folder / name, std::string(name) == "x.npy"   ? print_npy({2}, std::vector<float>(2).data())
                              : std::string(name) == "t.idx" ? test::big_endian(0x801) + test::big_endian(2) + "ab"
                                                             : print_safetensors({{{"a", {1}, {1}}}, {}}));
    ASSERT_EQ(::truncate((folder / name).c_str(), off_t{1} << 42), 0);
  }
  EXPECT_TRUE(test::within(size_t{1} << 28, [&] {
    EXPECT_HAS(failure(Exit::user, [&] { read_npy(folder / "x.npy"); }), "bytes follow the array");
    EXPECT_HAS(failure(Exit::user, [&] { read_safetensors(folder / "w.safetensors"); }), "follow the last tensor");
    EXPECT_HAS(failure(Exit::user, [&] { IdxFile(folder / "t.idx", 1); }), "the header promises 2 values");
    EXPECT_HAS(failure(Exit::io, [&] { read_file(folder / "any", "data"); }), "more than the memory");
    if (testing::Test::HasFailure())
      throw std::runtime_error("in the child");
  }));
}

// Runs what must fail as a user whom permissions hold.
template <class Call> bool as_nobody(Call&& call) {
  return test::within(size_t{1} << 30, [&] {
    if (::geteuid() == 0 && (::setegid(65534) != 0 || ::seteuid(65534) != 0))
      throw std::runtime_error("cannot become nobody");
    call();
    if (testing::Test::HasFailure())
      throw std::runtime_error("in the child");
  });
}

TEST(Files, FailuresTellTheirReason) {
  Folder folder;
  ::chmod(folder.path().c_str(), 0755);
  make_folder(folder / "data/train/a");
  make_folder(folder / "data/train/b");
  write_file(folder / "data/train/a/0.png", "x");
  write_file(folder / "data/train/b/0.png", "x");
  EXPECT_HAS(failure(Exit::io, [&] { files_in(folder / "none"); }), "none: No such file or directory");
  ASSERT_EQ(::symlink("loop", (folder / "loop").c_str()), 0);
  for (const std::function<void()>& look : std::initializer_list<std::function<void()>>{
           [&] { file_exists(folder / "loop"); }, [&] { folder_exists(folder / "loop"); },
           [&] { files_in(folder / "loop"); }, [&] { read_file(folder / "loop", "data"); }})
    EXPECT_HAS(failure(Exit::io, look), "loop");
  DataSettings settings;
  settings.folder = folder / "data";
  settings.windows = true;
  Manifest m = network({1, 8, 8});
  for (const char* closed : {"data/train/b", "data/train", "data"}) {
    ::chmod((folder / closed).c_str(), 0);
    EXPECT_TRUE(as_nobody([&] {
      EXPECT_HAS(failure(Exit::io, [&] { open_folder(settings, Split::train, m); }), "Permission denied");
    })) << closed;
    ::chmod((folder / closed).c_str(), 0755);
  }
  EXPECT_TRUE(as_nobody(
      [&] { EXPECT_HAS(failure(Exit::io, [&] { make_folder(folder / "mine/inner"); }), "mine: Permission denied"); }));
}

std::string squeeze(const std::string& text, int window) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string little_endian(uint64_t value, int width) {
  std::string text;
  for (int i = 0; i < width; ++i)
    text += static_cast<char>(value >> (8 * i));
  return text;
}

// More packed zeros follow than the header promises.
TEST(Bombs, NeverMoreMemoryThanTheHeaderPromises) {
  const std::string zeros(size_t{400} << 20, '\0');
  Folder folder;
  const std::string head = test::big_endian(0x803) + test::big_endian(10) + test::big_endian(28) + test::big_endian(28);
  const std::string greedy =
      test::big_endian(0x803) + std::string(4, '\xff') + test::big_endian(28) + test::big_endian(28);
  write_file(folder / "images.gz", squeeze(head + zeros, 15 + 16));
  write_file(folder / "greedy.gz", squeeze(greedy + "few", 15 + 16));
  // The directory of the archive promises what the array's header does not.
  std::string array = print_npy({4}, std::vector<float>(4).data()) + zeros, packed = squeeze(array, -15),
              name = "t.npy";
  uint32_t sum = static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(array.data()), array.size()));
  std::string sizes = little_endian(8, 2) + little_endian(0, 4) + little_endian(sum, 4) +
                      little_endian(packed.size(), 4) + little_endian(array.size(), 4) + little_endian(name.size(), 2) +
                      little_endian(0, 2);
  std::string local = "PK\3\4" + little_endian(20, 2) + little_endian(0, 2) + sizes + name + packed;
  std::string directory = "PK\1\2" + little_endian(20, 2) + little_endian(20, 2) + little_endian(0, 2) + sizes +
                          std::string(14, '\0') + name;
  std::string all = local + directory + "PK\5\6" + little_endian(0, 4) + little_endian(1, 2) + little_endian(1, 2) +
                    little_endian(directory.size(), 4) + little_endian(local.size(), 4) + little_endian(0, 2);
  const Bytes archive(all.begin(), all.end());
  EXPECT_TRUE(test::within(size_t{1} << 27, [&] {
    EXPECT_HAS(failure(Exit::user, [&] { IdxFile(folder / "images.gz", 3).values(); }), "more are there");
    EXPECT_HAS(failure(Exit::user, [&] { IdxFile(folder / "greedy.gz", 3); }), "packed bytes can hold");
    EXPECT_HAS(failure(Exit::user, [&] { parse_npz(archive, "a.npz"); }), "by its own header");
    if (testing::Test::HasFailure())
      throw std::runtime_error("in the child");
  }));
}

TEST(Json, IsNoDeeperThanItMayBe) {
  auto nested = [](int depth, const std::string& open, const std::string& close) {
    std::string text;
    for (int i = 0; i < depth; ++i)
      text += open;
    text += "1";
    for (int i = 0; i < depth; ++i)
      text += close;
    return text;
  };
  for (auto [open, close] : {std::pair{"[", "]"}, std::pair{"{\"a\":", "}"}, std::pair{"{\"a\\\"[\":[", "]}"}}) {
    std::string fine = nested(deepest_json / 2, open, close), deep = nested(1000000, open, close);
    EXPECT_FALSE(parse_json(fine.data(), fine.size()).is_discarded());
    EXPECT_TRUE(test::within(size_t{1} << 25, [&] {
      if (!parse_json(deep.data(), deep.size()).is_discarded())
        throw std::runtime_error("it was read");
    }));
  }
  std::string quoted = "\"" + std::string(1000, '[') + "\\\"" + std::string(1000, '{') + "\"";
  EXPECT_TRUE(parse_json(quoted.data(), quoted.size()).is_string());
}

TEST(Safetensors, ADeepHeaderIsRefused) {
  std::string header =
      R"({"a":{"dtype":)" + std::string(65500, '[') + std::string(65500, ']') + R"(,"shape":[],"data_offsets":[0,0]}})";
  std::string bytes = little_endian(header.size(), 8) + header;
  EXPECT_HAS(failure(Exit::user,
                     [&] {
                       parse_safetensors(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), "w.safetensors");
                     }),
             "w.safetensors: not a valid safetensors file: the header is not JSON");
}

TEST(Safetensors, APrefixIsPointedOutAndTakenOff) {
  Folder folder;
  std::vector<Parameter> parameters(2);
  parameters[0].name = "a.weight", parameters[1].name = "b.bias";
  for (Parameter& p : parameters) {
    p.shape = {2};
    p.order = {0};
    p.elements = 2;
  }
  for (const std::string prefix : {"module.", "_orig_mod.", "module._orig_mod."}) {
    write_safetensors(folder / "w", {{{prefix + "a.weight", {2}, {1, 2}}, {prefix + "b.bias", {2}, {3, 4}}}, {}});
    ParameterSet set(parameters);
    EXPECT_HAS(failure(Exit::mismatch, [&] { set.load(folder / "w"); }), "--strip-prefix " + prefix);
    EXPECT_HAS(failure(Exit::user, [&] { set.load(folder / "w", "model."); }), "begins with `model.`");
    set.load(folder / "w", prefix);
    EXPECT_EQ(set[1][1], 4);
  }
  write_safetensors(folder / "w", {{{"m.a", {1}, {1}}, {"a", {1}, {3}}}, {}});
  EXPECT_HAS(failure(Exit::user, [&] { read_weights(folder / "w", "m."); }), "two tensors are called `a`");
}

TEST(Recognise, FilesOfOtherKindsAreCalledByTheirName) {
  const std::string pt = "PK\3\4" + std::string(22, '\0') + little_endian(16, 2) + little_endian(0, 2) +
                         "archive/data.pkl",
                    npz = "PK\3\4" + std::string(22, '\0') + little_endian(5, 2) + little_endian(0, 2) + "t.npy";
  Folder folder;
  const struct {
    std::string bytes, name;
  } cases[] = {{"", "is empty"},
               {pt, "a PyTorch checkpoint"},
               {npz, "an NPZ archive"},
               {std::string("\x80\x02}q\x00.", 6), "a Python pickle"},
               {"\x89HDF\r\n\x1a\n and more", "an HDF5 file"},
               {"GIF89a and more", "a GIF picture"},
               {"\x1f\x8b\x08 and more", "a gzip file"},
               {"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"}};
  for (const auto& each : cases) {
    write_file(folder / "x", each.bytes);
    const std::string weights = failure(Exit::user, [&] { read_safetensors(folder / "x"); }),
                      array = failure(Exit::user, [&] { read_npy(folder / "x"); });
    EXPECT_HAS(weights, each.name);
    EXPECT_HAS(weights, "expected weights in safetensors format");
    EXPECT_HAS(array, each.name);
    EXPECT_HAS(array, "expected an array in NPY format");
  }
  write_npy(folder / "x", {1}, std::vector<float>(1).data());
  EXPECT_HAS(failure(Exit::user, [&] { read_safetensors(folder / "x"); }), "an array in NPY format");
  write_safetensors(folder / "x", {{{"a", {1}, {1}}}, {}});
  EXPECT_HAS(failure(Exit::user, [&] { read_npy(folder / "x"); }), "weights in safetensors format; expected an array");
}

TEST(Dataset, DataSetsInOtherFormsAreCalledByTheirName) {
  Folder folder;
  make_folder(folder / "cifar-10-batches-py");
  write_file(folder / "cifar-10-batches-py/data_batch_1", std::string("\x80\x02}q\x01", 5));
  for (const std::string& path : {folder.path(), folder / "cifar-10-batches-py"}) {
    DataSettings settings;
    settings.folder = path;
    std::string said = failure(Exit::user, [&] { open_folder(settings, Split::train, network({3, 32, 32}, 10)); });
    EXPECT_HAS(said, "CIFAR-10's Python version");
    EXPECT_HAS(said, "cifar-10-binary.tar.gz");
    settings.folder = path + "/data_batch_1";
  }
  Folder mnist;
  test::write_data(mnist.path());
  for (const char* part : {"train", "t10k"})
    for (const char* what : {"images?idx3", "labels?idx1"}) {
      std::string from = mnist / part + ("-" + std::string(what) + "-ubyte"), to = from;
      from[from.find('?')] = '-';
      to[to.find('?')] = '.';
      ASSERT_EQ(std::rename(from.c_str(), to.c_str()), 0);
    }
  DataSettings settings;
  settings.folder = mnist.path();
  EXPECT_EQ(open_folder(settings, Split::train, network({1, 28, 28}, 10))->count(), 300);
  settings.folder = mnist / "train-images.idx3-ubyte";
  EXPECT_HAS(failure(Exit::io, [&] { open_folder(settings, Split::train, network({1, 28, 28}, 10)); }), "is a file");
}

// Arrays in Fortran order give the frames that they give in C order.
TEST(Frames, FortranOrder) {
  const int64_t T = 3, N = 2, C = 2, H = 2, W = 3;
  Manifest m = network({C, H, W});
  Folder folder;
  auto npy = [](bool fortran, const std::string& shape, const std::vector<float>& values) {
    std::string header = std::string("{'descr': '<f4', 'fortran_order': ") + (fortran ? "True" : "False") +
                         ", 'shape': (" + shape + "), }\n";
    return std::string("\x93NUMPY\x01\x00", 8) + little_endian(header.size(), 2) + header +
           std::string(reinterpret_cast<const char*>(values.data()), values.size() * 4);
  };
  std::vector<float> plain, turned(static_cast<size_t>(T * N * C * H * W));
  for (int64_t i = 0; i < T * N * C * H * W; ++i) {
    plain.push_back(static_cast<float>(i));
    int64_t w = i % W, h = i / W % H, c = i / (W * H) % C, n = i / (W * H * C) % N, t = i / (W * H * C * N);
    turned[static_cast<size_t>(t + T * (n + N * (c + C * (h + H * w))))] = static_cast<float>(i);
  }
  auto frames = [&](const std::string& bytes) {
    write_file(folder / "f.npy", bytes);
    FrameReader reader(folder / "f.npy", m);
    std::vector<std::vector<float>> all;
    for (std::vector<float> frame; reader.next(frame);)
      all.push_back(frame);
    return all;
  };
  auto wanted = frames(npy(false, "3, 2, 2, 2, 3", plain));
  ASSERT_EQ(wanted.size(), 3u);
  EXPECT_EQ(frames(npy(true, "3, 2, 2, 2, 3", turned)), wanted);
  // Two arrays, one after the other, in either order.
  auto twice = frames(npy(true, "3, 2, 2, 2, 3", turned) + npy(false, "3, 2, 2, 2, 3", plain));
  ASSERT_EQ(twice.size(), 6u);
  EXPECT_EQ(twice[4], wanted[1]);
  EXPECT_HAS(failure(Exit::user, [&] { frames(npy(true, "900000, 2, 2, 2, 3", turned)); }), "truncated inside a frame");
}

// Whatever bit of a file of decoded samples changes: nothing is computed from it, and the samples are made again.
TEST(Cache, NoticesWhatHasChanged) {
  Folder folder;
  ::setenv("RVB_CACHE_DIR", folder.path().c_str(), 1);
  int filled = 0;
  auto use = [&] {
    return cached_samples("key", "samples", 2, 100, [&](SampleSink& sink) {
      ++filled;
      sink.put(0, Bytes(100, 'x').data());
      sink.put(1, Bytes(100, 'y').data());
    });
  };
  use();
  std::string path = folder / "data/" + files_in(folder / "data").at(0);
  const std::string good = test::text(path);
  auto change = [&](size_t at) {
    std::string changed = good;
    changed[at] = static_cast<char>(changed[at] ^ 4);
    write_file(path, changed);
  };
  change(4096 + 150); // sample 1
  CachedSamples samples = use();
  EXPECT_EQ(filled, 1);
  samples.check(0);
  EXPECT_HAS(failure(Exit::io, [&] { samples.check(1); }), "the file was removed");
  use();
  EXPECT_EQ(filled, 2);
  int expected = 2;
  for (size_t at : {size_t{0}, size_t{8}, size_t{16}, size_t{24}, size_t{32}, size_t{4096 + 200}, size_t{4096 + 210},
                    size_t{4096 + 216}, good.size() - 20, good.size() - 1}) {
    change(at);
    use().check(1);
    EXPECT_EQ(filled, ++expected) << at;
    EXPECT_EQ(test::text(path), good);
  }
  ::unsetenv("RVB_CACHE_DIR");
}

// The folder of decoded samples is bounded; what was not used for longest goes first.
TEST(Cache, IsBounded) {
  Folder folder;
  ::setenv("RVB_CACHE_DIR", folder.path().c_str(), 1);
  ::setenv("RVB_DATA_CACHE_SIZE", "25KB", 1);
  int filled = 0;
  auto use = [&](const std::string& key) {
    CachedSamples samples = cached_samples(key, "samples", 1, 6000, [&](SampleSink& sink) {
      ++filled;
      sink.put(0, Bytes(6000, 'x').data());
    });
    EXPECT_EQ(samples.data[5999], 'x');
    ::usleep(20000); // the clock of files is coarse
  };
  use("a"); // each takes 10 KB
  use("b");
  EXPECT_EQ(files_in(folder / "data").size(), 2u);
  use("a");
  EXPECT_EQ(filled, 2);
  use("c"); // in the place of b
  EXPECT_EQ(files_in(folder / "data").size(), 2u);
  use("a");
  EXPECT_EQ(filled, 3);
  use("b");
  EXPECT_EQ(filled, 4);
  // What is no file of ours is neither opened nor waited for.
  ASSERT_EQ(::mkfifo((folder / "data/x.tmp").c_str(), 0600), 0);
  ASSERT_EQ(::mkfifo((folder / "data/y.rvbd").c_str(), 0600), 0);
  use("d");
  for (const std::string& name : files_in(folder / "data"))
    if (name.size() == 21) { // 16 hex, .rvbd
      remove_file(folder / "data/" + name);
      ASSERT_EQ(::mkfifo((folder / "data/" + name).c_str(), 0600), 0);
    }
  use("d");
  ::setenv("RVB_DATA_CACHE_SIZE", "much", 1);
  EXPECT_HAS(failure(Exit::usage, [] { data_cache_limit(); }), "RVB_DATA_CACHE_SIZE is `much`");
  ::unsetenv("RVB_DATA_CACHE_SIZE");
  EXPECT_EQ(data_cache_limit(), int64_t{16} << 30);
  ::unsetenv("RVB_CACHE_DIR");
}

// Against the nearest of all halves, and of two equally near ones that with an even mantissa.
TEST(Files, HalvesAreTheNearestOnes) {
  const auto nearest = [](double value) {
    int best = 0;
    double least = HUGE_VAL;
    for (int bits = 0; bits < 0x7c00; ++bits) {
      const double distance = std::fabs(half_to_float(static_cast<uint16_t>(bits)) - value);
      if (distance < least || (distance == least && bits % 2 == 0)) {
        best = bits;
        least = distance;
      }
    }
    return best;
  };
  for (int bits = 0; bits < 0x7c00; ++bits) {
    const float value = half_to_float(static_cast<uint16_t>(bits));
    ASSERT_EQ(float_to_half(value), bits);
    ASSERT_EQ(float_to_half(-value), bits | 0x8000);
    // Halfway to the next one: to the even one; next to that, to the nearer one.
    const float next = bits == 0x7bff ? 65536 : half_to_float(static_cast<uint16_t>(bits + 1));
    const float half = (value + next) / 2;
    ASSERT_EQ(float_to_half(half), bits + bits % 2);
    ASSERT_EQ(float_to_half(std::nextafter(half, 0.0f)), bits);
    ASSERT_EQ(float_to_half(std::nextafter(half, 1e9f)), bits + 1);
  }
  for (const float value : {1e-9f, 3e-8f, 5.9e-8f, 1.7f, 0.1f, 1234.5f, 65503.0f, 6.1e-5f})
    EXPECT_EQ(float_to_half(value), nearest(value)) << value;
  for (const float value : {65520.0f, 1e9f, HUGE_VALF})
    EXPECT_EQ(float_to_half(value), 0x7c00);
  EXPECT_GT(float_to_half(NAN), 0x7c00);
}

} // namespace
} // namespace rvb::runtime
