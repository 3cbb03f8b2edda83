// What happens to samples on their way to the network: augmentation, partitions, loading ahead.
#include "base/dynamic_library.h"
#include "base/failure.h"
#include "base/hash.h"
#include "core/core.h"
#include "data/dataset.h"
#include "data/loader.h"
#include "data/partition.h"
#include "layouts/formats.h"
#include "support.h"

#include <atomic>
#include <chrono>
#include <map>
#include <numeric>
#include <set>
#include <thread>

namespace rvb::runtime {

using test::augment_of;
using test::Folder;

namespace {

#define EXPECT_HAS(TEXT, PART) EXPECT_NE((TEXT).find(PART), std::string::npos) << (TEXT)

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

Manifest manifest(Shape shape, int64_t steps = 0) {
  Manifest m;
  m.name = "Net";
  m.input = shape;
  m.channels = shape[0];
  m.height = shape.size() == 3 ? shape[1] : 1;
  m.width = shape.size() == 3 ? shape[2] : 1;
  m.classes = 10;
  m.sequence = steps > 0;
  m.steps = steps > 0 ? steps : 1;
  return m;
}

std::unique_ptr<Dataset> random_pictures(const Manifest& m, int64_t count, uint8_t base = 0) {
  Samples samples;
  samples.channels = m.channels;
  samples.height = m.height;
  samples.width = m.width;
  samples.frames = m.sequence ? m.steps : 1;
  samples.events = m.sequence;
  samples.labels.resize(static_cast<size_t>(count));
  std::vector<uint8_t> data(static_cast<size_t>(count * samples.sample_bytes()));
  for (size_t i = 0; i < data.size(); ++i)
    data[i] = static_cast<uint8_t>(base + (i * 2654435761u >> 13) % 200);
  for (size_t i = 0; i < samples.labels.size(); ++i)
    samples.labels[i] = static_cast<int32_t>(i % 10);
  samples.own(data);
  return make_dataset(std::move(samples), m, "pictures");
}

std::vector<float> read(const Dataset& dataset, const Manifest& m, int64_t index, const Variation* variation) {
  std::vector<float> result(static_cast<size_t>(m.pixels() * m.steps));
  dataset.read(index, variation, result.data(), m.pixels());
  return result;
}

// Every shift of a crop comes up, about equally often, and what moves in is black.
TEST(Augment, CropMovesByUpToThePadding) {
  Manifest m = manifest({1, 6, 7});
  auto dataset = random_pictures(m, 1, 50);
  std::vector<float> plain = read(*dataset, m, 0, nullptr);
  std::map<std::pair<int, int>, int> seen;
  Variation variation;
  variation.augment = augment_of({"crop=2"});
  for (variation.epoch = 0; variation.epoch < 5000; ++variation.epoch) {
    std::vector<float> moved = read(*dataset, m, 0, &variation);
    int matches = 0;
    for (int dy = -2; dy <= 2; ++dy)
      for (int dx = -2; dx <= 2; ++dx) {
        bool same = true;
        for (int y = 0; y < 6; ++y)
          for (int x = 0; x < 7; ++x) {
            bool inside = y + dy >= 0 && y + dy < 6 && x + dx >= 0 && x + dx < 7;
            float wanted = inside ? plain[static_cast<size_t>((y + dy) * 7 + x + dx)] : 0;
            same = same && moved[static_cast<size_t>(y * 7 + x)] == wanted;
          }
        if (same) {
          ++matches;
          ++seen[{dy, dx}];
        }
      }
    ASSERT_EQ(matches, 1) << variation.epoch;
  }
  ASSERT_EQ(seen.size(), 25u);
  for (auto& [shift, count] : seen)
    EXPECT_NEAR(count, 200, 60) << shift.first << "," << shift.second; // 4 deviations
}

TEST(Augment, RollWrapsAround) {
  Manifest m = manifest({2, 5, 4}, 3);
  auto dataset = random_pictures(m, 2);
  std::vector<float> plain = read(*dataset, m, 1, nullptr);
  Variation variation;
  variation.augment = augment_of({"roll=1"});
  std::set<std::pair<int, int>> seen;
  for (variation.epoch = 0; variation.epoch < 200; ++variation.epoch) {
    std::vector<float> moved = read(*dataset, m, 1, &variation);
    for (int dy = -1; dy <= 1; ++dy)
      for (int dx = -1; dx <= 1; ++dx) {
        bool same = true;
        for (int t = 0; t < 3; ++t)
          for (int y = 0; y < 5; ++y)
            for (int x = 0; x < 4; ++x)
              for (int c = 0; c < 2; ++c)
                same =
                    same && moved[static_cast<size_t>(((t * 5 + (y + dy + 5) % 5) * 4 + (x + dx + 4) % 4) * 2 + c)] ==
                                plain[static_cast<size_t>(((t * 5 + y) * 4 + x) * 2 + c)];
        if (same)
          seen.insert({dy, dx});
      }
  }
  EXPECT_EQ(seen.size(), 9u);
}

TEST(Augment, CutoutBlackensASquare) {
  Manifest m = manifest({3, 12, 12});
  m.recipe.mean = {0.5f, 0.25f, 0.125f};
  m.recipe.deviation = {0.5f, 0.25f, 2};
  auto dataset = random_pictures(m, 1, 20);
  std::vector<float> plain = read(*dataset, m, 0, nullptr);
  Variation variation;
  variation.augment = augment_of({"cutout=4"});
  std::set<int> sizes;
  for (variation.epoch = 0; variation.epoch < 500; ++variation.epoch) {
    std::vector<float> cut = read(*dataset, m, 0, &variation);
    int black = 0, top = 12, bottom = -1, left = 12, right = -1;
    for (int y = 0; y < 12; ++y)
      for (int x = 0; x < 12; ++x) {
        size_t at = static_cast<size_t>((y * 12 + x) * 3);
        if (cut[at] == plain[at] && cut[at + 1] == plain[at + 1] && cut[at + 2] == plain[at + 2])
          continue;
        EXPECT_EQ(cut[at], -1.0f);
        EXPECT_EQ(cut[at + 1], -1.0f);
        EXPECT_EQ(cut[at + 2], -0.0625f);
        ++black;
        top = std::min(top, y), bottom = std::max(bottom, y), left = std::min(left, x), right = std::max(right, x);
      }
    EXPECT_EQ(black, (bottom - top + 1) * (right - left + 1));
    EXPECT_LE(bottom - top, 3);
    EXPECT_LE(right - left, 3);
    sizes.insert(black);
  }
  EXPECT_EQ(*sizes.rbegin(), 16); // whole squares, and squares that the edge cuts
  EXPECT_EQ(*sizes.begin(), 4);
}

TEST(Augment, DropLeavesOutEventsByTheirRate) {
  Manifest m = manifest({2, 34, 34}, 10);
  auto dataset = random_pictures(m, 1);
  std::vector<float> plain = read(*dataset, m, 0, nullptr);
  Variation variation;
  variation.augment = augment_of({"drop=0.25"});
  std::vector<float> thin = read(*dataset, m, 0, &variation);
  double before = 0, after = 0;
  for (size_t i = 0; i < plain.size(); ++i) {
    before += plain[i], after += thin[i];
    EXPECT_LE(thin[i], plain[i]);
    EXPECT_GE(thin[i], 0);
  }
  EXPECT_NEAR(after / before, 0.75, 0.002);
  variation.epoch = 1;
  EXPECT_NE(read(*dataset, m, 0, &variation), thin);
}

TEST(Augment, ResizedCropIsInsideAndOfTheRightArea) {
  Variation variation;
  variation.augment = augment_of({"resized_crop=0.08"});
  double least = 1, most = 0;
  for (int64_t sample = 0; sample < 3000; ++sample) {
    Window w = *window_of(&variation, sample, 300, 400);
    ASSERT_TRUE(w.top >= 0 && w.left >= 0 && w.height > 0 && w.width > 0 && w.top + w.height <= 300 &&
                w.left + w.width <= 400);
    double ratio = static_cast<double>(w.width) / static_cast<double>(w.height);
    EXPECT_TRUE(ratio > 0.73 && ratio < 1.37) << ratio;
    double area = static_cast<double>(w.width * w.height) / 120000;
    least = std::min(least, area), most = std::max(most, area);
  }
  EXPECT_NEAR(least, 0.08, 0.01);
  EXPECT_GT(most, 0.9);
  Window bar = *window_of(&variation, 0, 1000, 2); // nothing of such sides fits: the middle
  EXPECT_EQ(bar.width, 2);
  EXPECT_EQ(bar.height, 3);
}

TEST(Augment, WordsOfTheCommandLine) {
  std::vector<recipe::Choice> a = augment_of({"flip", "crop", "cutout=8", "drop(rate = 0.5)"});
  ASSERT_EQ(a.size(), 4u);
  EXPECT_TRUE(a[0].is("flip"));
  EXPECT_EQ(a[1]["padding"], 4);
  EXPECT_EQ(a[2]["size"], 8);
  EXPECT_EQ(a[3]["rate"], 0.5);
  for (const char* bad : {"flop", "flip=1", "crop=", "crop=1.5", "crop=-1", "drop=1", "drop=nan", "cutout=x",
                          "crop(size=1)", "crop(4", "crop(4)x", "crop(4, 5)", ""})
    failure(Exit::usage, [&] { augment_of({bad}); });
  failure(Exit::usage, [&] { augment_of({"flip", "flip"}); });
}

TEST(Partition, RandomDividesAndRepeats) {
  std::vector<int32_t> labels(1000);
  std::vector<int64_t> all;
  Partition partition = parse_partition("random:0.2:7");
  std::vector<int64_t> train = choose(partition, Split::train, {}, labels),
                       test = choose(partition, Split::test, {}, labels);
  EXPECT_EQ(test.size(), 200u);
  std::merge(train.begin(), train.end(), test.begin(), test.end(), std::back_inserter(all));
  for (size_t i = 0; i < 1000; ++i)
    ASSERT_EQ(all[i], static_cast<int64_t>(i));
  EXPECT_EQ(choose(parse_partition("random:0.2:7"), Split::test, {}, labels), test);
  EXPECT_NE(choose(parse_partition("random:0.2:8"), Split::test, {}, labels), test);
  for (const char* bad : {"random", "random:", "random:0", "random:1", "random:x", "random:0.2:", "random:0.2:-1",
                          "random:0.2:1x", "first", "file:", "train"})
    EXPECT_HAS(failure(Exit::usage, [&] { parse_partition(bad); }), "--partition");
}

TEST(Partition, FirstHundredGoesByTheNumberInTheName) {
  std::vector<std::string> names = {"a/cifar10_a_99.aedat", "a/cifar10_a_100.aedat", "b/cifar10_b_7.aedat",
                                    "b/cifar10_b_999.aedat"};
  EXPECT_EQ(choose(parse_partition("first-hundred"), Split::test, names, {0, 0, 1, 1}), (std::vector<int64_t>{0, 2}));
  EXPECT_EQ(choose(parse_partition("first-hundred"), Split::train, names, {0, 0, 1, 1}), (std::vector<int64_t>{1, 3}));
  names[2] = "b/x.aedat";
  EXPECT_HAS(failure(Exit::user,
                     [&] {
                       choose(parse_partition("first-hundred"), Split::test, names, {0, 0, 1, 1});
                     }),
             "b/x.aedat");
}

TEST(Partition, AFileNamesSamples) {
  Folder folder;
  std::vector<std::string> names = {"a/1.bin", "a/2.bin", "b/3 4.bin"};
  auto chosen = [&](const std::string& lines, Split split) {
    write_file(folder / "p.txt", lines);
    return choose(parse_partition("file:" + folder / "p.txt"), split, names, {0, 0, 1});
  };
  std::string good = "# mine\ntest b/3 4.bin\r\ntrain\ta/2.bin\n";
  EXPECT_EQ(chosen(good, Split::train), (std::vector<int64_t>{1}));
  EXPECT_EQ(chosen(good, Split::test), (std::vector<int64_t>{2}));
  auto refused = [&](const std::string& lines) { return failure(Exit::user, [&] { chosen(lines, Split::test); }); };
  EXPECT_HAS(refused("train a/1.bin\ntest a/9.bin\n"), "p.txt:2");
  EXPECT_HAS(refused("train a/1.bin\ntest a/1.bin\n"), "two lines");
  EXPECT_HAS(refused("valid a/1.bin\n"), "valid a/1.bin");
  EXPECT_HAS(refused("train\n"), "expected");
  EXPECT_HAS(refused("train \n"), "expected");
  failure(Exit::io, [&] { choose(parse_partition("file:" + folder / "none"), Split::test, names, {0, 0, 1}); });
}

// The loader gives the same bits as loading in place, with any number of threads.
TEST(Loader, SameAsLoadingInPlace) {
  Manifest m = manifest({2, 9, 9}, 3);
  auto dataset = random_pictures(m, 103);
  Variation variation;
  variation.augment = augment_of({"flip", "roll=2", "drop=0.2", "cutout=3"});
  variation.seed = 9;
  variation.epoch = 4;
  std::vector<int64_t> order = permutation(3, 4, 103);
  for (int threads : {1, 2, 5}) {
    rvb_set_threads(threads);
    for (int64_t first : {0, 2, 7}) {
      Loader loader(*dataset, m, order, 16, variation, first);
      for (int64_t at = first * 16; at < 103; at += 16) {
        int64_t count = std::min<int64_t>(16, 103 - at);
        std::vector<float> wanted(static_cast<size_t>(count * m.pixels() * 3)), got(wanted.size());
        std::vector<int32_t> labels(16), expected(16);
        load_batch(*dataset, order.data() + at, &variation, count, m, wanted.data(), expected.data());
        ASSERT_EQ(loader.next(got.data(), labels.data()), count);
        EXPECT_EQ(got, wanted);
        EXPECT_EQ(labels, expected);
      }
      EXPECT_EQ(loader.next(nullptr, nullptr), 0);
    }
    Loader unfinished(*dataset, m, order, 16, variation); // goes away while it works
  }
  rvb_set_threads(0);
}

// While the network computes, that is, between two calls, the next batches are fetched.
TEST(Loader, FetchesAhead) {
  class Counting : public Dataset {
  public:
    Counting() {
      count_ = 100;
      labels_.resize(100);
    }
    void read(int64_t, const Variation*, float*, int64_t) const override { ++reads; }
    mutable std::atomic<int> reads{0};
  } dataset;
  Manifest m = manifest({1, 1, 1});
  std::vector<int64_t> order(100);
  std::iota(order.begin(), order.end(), 0);
  Loader loader(dataset, m, order, 10, std::nullopt);
  std::vector<float> image(10);
  std::vector<int32_t> labels(10);
  loader.next(image.data(), labels.data());
  for (int i = 0; i < 2000 && dataset.reads < 30; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(dataset.reads, 30); // the batch that was taken and two more, then they wait
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(dataset.reads, 30);
}

// Of several failures in a batch, that of the first sample is told; batches before it are whole.
TEST(Loader, TellsTheFirstFailure) {
  class Broken : public Dataset {
  public:
    Broken() {
      count_ = 64;
      labels_.resize(64);
    }
    void read(int64_t index, const Variation*, float* to, int64_t) const override {
      if (index >= 37)
        throw Failure(Exit::user, "sample " + std::to_string(index));
      *to = static_cast<float>(index);
    }
  } broken;
  Manifest m = manifest({1, 1, 1});
  std::vector<int64_t> order(64);
  std::iota(order.begin(), order.end(), 0);
  for (int threads : {1, 4}) {
    rvb_set_threads(threads);
    Loader loader(broken, m, order, 32, std::nullopt);
    std::vector<float> image(32);
    std::vector<int32_t> labels(32);
    ASSERT_EQ(loader.next(image.data(), labels.data()), 32);
    EXPECT_EQ(image[31], 31.0f);
    EXPECT_EQ(failure(Exit::user, [&] { loader.next(image.data(), labels.data()); }), "sample 37");
  }
  rvb_set_threads(0);
}

TEST(DynamicLibrary, TellsThePackageOfOneThatIsMissing) {
  std::string message = failure(Exit::io, [] {
    DynamicLibrary(Library{"nowhere", "libnowhere9", "nothing", {"libnowhere.so.9", "libnowhere.so.8"}}, "a/b.h5");
  });
  for (const char* part : {"a/b.h5", "libnowhere.so.9", "libnowhere9"})
    EXPECT_HAS(message, part);
}

TEST(Hash, SeesEveryByteAndTheLength) {
  std::set<uint64_t> seen;
  std::string text(100, 'a');
  for (size_t i = 0; i <= text.size(); ++i)
    seen.insert(hash_bytes(text.substr(0, i)));
  for (size_t i = 0; i < text.size(); ++i) {
    std::string other = text;
    other[i] ^= 1;
    seen.insert(hash_bytes(other));
  }
  EXPECT_EQ(seen.size(), 201u);
  EXPECT_EQ(hash_text(0x0123456789abcdef), "0123456789abcdef");
}

TEST(Dataset, Cifar100HasFineAndCoarseLabels) {
  Folder folder;
  std::string record = std::string("\x03\x55", 2) + std::string(3072, 'x');
  make_folder(folder / "cifar-100-binary");
  write_file(folder / "cifar-100-binary/train.bin", record + record + record);
  EXPECT_HAS(failure(Exit::io, [&] { open_folder({folder.path()}, Split::test, manifest({3, 32, 32})); }), "test.bin");
  Manifest m = manifest({3, 32, 32});
  m.classes = 100;
  EXPECT_EQ(open_folder({folder.path()}, Split::train, m)->label(2), 85);
  m.classes = 20;
  EXPECT_EQ(open_folder({folder.path()}, Split::train, m)->label(2), 3);
  write_file(folder / "cifar-100-binary/train.bin", record + std::string("\x03\x64", 2) + std::string(3072, 'x'));
  m.classes = 100;
  EXPECT_HAS(failure(Exit::user, [&] { open_folder({folder.path()}, Split::train, m); }), "record 1 has label 100");
  write_file(folder / "cifar-100-binary/train.bin", record + "x");
  EXPECT_HAS(failure(Exit::user, [&] { open_folder({folder.path()}, Split::train, m); }), "no multiple of 3074");
}

} // namespace

} // namespace rvb::runtime
