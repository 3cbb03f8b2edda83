// Augmentations that move events, turn images and mix batches, against what they are defined as.
#include "augmentations/augment.h"
#include "support.h"

#include <cmath>
#include <numeric>
#include <set>

namespace rvb::runtime {

namespace {

using test::augment_of;

constexpr int64_t T = 5, C = 2, H = 8, W = 6;

// Counts 0 to 3 that differ from place to place.
std::vector<uint8_t> counts() {
  std::vector<uint8_t> values(T * C * H * W);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<uint8_t>((i * 7 + i / 48) % 4);
  return values;
}

std::vector<uint8_t> varied(const std::vector<std::string>& words, uint32_t epoch) {
  std::vector<uint8_t> bytes = counts();
  std::vector<uint16_t> wide(bytes.begin(), bytes.end());
  const Variation variation{augment_of(words), 3, epoch};
  Values values{bytes.data(), nullptr, T, C, H, W}, wider{nullptr, wide.data(), T, C, H, W};
  EXPECT_TRUE(varies_values(&variation, true));
  EXPECT_FALSE(varies_values(&variation, false)); // pixels have no events
  vary_values(variation, 11, true, values);
  vary_values(variation, 11, true, wider);
  EXPECT_EQ(std::vector<uint16_t>(bytes.begin(), bytes.end()), wide); // one and two bytes an element
  return bytes;
}

int64_t sum(const std::vector<uint8_t>& values) {
  return std::accumulate(values.begin(), values.end(), int64_t{0});
}

TEST(Events, DropTimeEmptiesFramesInARow) {
  const std::vector<uint8_t> before = counts();
  std::set<int64_t> firsts;
  for (uint32_t epoch = 0; epoch < 60; ++epoch) {
    const std::vector<uint8_t> after = varied({"drop_time=0.4"}, epoch); // 2 of 5
    std::vector<int64_t> empty;
    for (int64_t t = 0; t < T; ++t) {
      const auto frame = [&](const std::vector<uint8_t>& all) {
        return std::vector<uint8_t>(all.begin() + t * C * H * W, all.begin() + (t + 1) * C * H * W);
      };
      if (sum(frame(after)) == 0)
        empty.push_back(t);
      else
        EXPECT_EQ(frame(after), frame(before));
    }
    ASSERT_EQ(empty.size(), 2u);
    EXPECT_EQ(empty[1], empty[0] + 1);
    firsts.insert(empty[0]);
  }
  EXPECT_EQ(firsts, (std::set<int64_t>{0, 1, 2, 3}));
}

TEST(Events, DropAreaEmptiesTheSameBoxOfAllFrames) {
  const std::vector<uint8_t> before = counts();
  std::set<std::pair<int64_t, int64_t>> places;
  for (uint32_t epoch = 0; epoch < 300; ++epoch) {
    const std::vector<uint8_t> after = varied({"drop_area(share=0.5)"}, epoch); // 4 x 3
    int64_t found = 0;
    for (int64_t top = 0; top <= H - 4; ++top)
      for (int64_t left = 0; left <= W - 3; ++left) {
        std::vector<uint8_t> expected = before;
        for (int64_t plane = 0; plane < T * C; ++plane)
          for (int64_t y = top; y < top + 4; ++y)
            for (int64_t x = left; x < left + 3; ++x)
              expected[static_cast<size_t>((plane * H + y) * W + x)] = 0;
        if (expected == after) {
          ++found;
          places.insert({top, left});
        }
      }
    ASSERT_EQ(found, 1);
  }
  EXPECT_EQ(places.size(), 20u);
}

TEST(Events, PolarityChangesBothChannels) {
  const std::vector<uint8_t> before = counts();
  std::vector<uint8_t> swapped = before;
  for (int64_t t = 0; t < T; ++t)
    std::swap_ranges(swapped.begin() + t * C * H * W, swapped.begin() + t * C * H * W + H * W,
                     swapped.begin() + t * C * H * W + H * W);
  int times = 0;
  for (uint32_t epoch = 0; epoch < 400; ++epoch) {
    const std::vector<uint8_t> after = varied({"polarity"}, epoch);
    EXPECT_TRUE(after == before || after == swapped);
    times += after == swapped ? 1 : 0;
  }
  EXPECT_NEAR(times, 200, 40);
}

// One pixel with many events: where they land has the deviation that was asked for.
TEST(Events, JitterMovesByItsDeviation) {
  constexpr int64_t side = 41, frames = 21;
  std::vector<uint16_t> values(frames * side * side);
  const size_t centre = (10 * side + 20) * side + 20;
  values[centre] = 20000;
  Values v{nullptr, values.data(), frames, 1, side, side};
  vary_values({augment_of({"spatial_jitter(deviation=2)", "time_jitter=1.5"}), 1, 0}, 0, true, v);
  double total = 0, squares[3] = {}, means[3] = {};
  for (int64_t t = 0; t < frames; ++t)
    for (int64_t y = 0; y < side; ++y)
      for (int64_t x = 0; x < side; ++x) {
        const double n = values[static_cast<size_t>((t * side + y) * side + x)];
        const double off[3] = {static_cast<double>(t - 10), static_cast<double>(y - 20), static_cast<double>(x - 20)};
        total += n;
        for (int i = 0; i < 3; ++i) {
          means[i] += n * off[i];
          squares[i] += n * off[i] * off[i];
        }
      }
  EXPECT_EQ(total, 20000); // nothing reaches the edges
  for (int i = 0; i < 3; ++i) {
    const double deviation = i == 0 ? 1.5 : 2; // and 1 / 12 of variance of rounding
    EXPECT_NEAR(means[i] / total, 0, 0.06);
    EXPECT_NEAR(squares[i] / total, deviation * deviation + 1.0 / 12, 0.15);
  }
}

TEST(Views, AlternatingFlipsTurnEveryEpoch) {
  int flipped = 0;
  for (int64_t sample = 0; sample < 400; ++sample) {
    bool first = false;
    for (uint32_t epoch = 0; epoch < 6; ++epoch) {
      const Variation alternating{augment_of({"flip(alternating=true)"}), 5, epoch};
      const bool flip = view_of(&alternating, sample, 2, 9).columns[0] == 8;
      if (epoch == 0) {
        const Variation plain{augment_of({"flip"}), 5, 0};
        EXPECT_EQ(flip, view_of(&plain, sample, 2, 9).columns[0] == 8);
        first = flip;
      }
      EXPECT_EQ(flip, first != (epoch % 2 == 1));
    }
    flipped += first ? 1 : 0;
  }
  EXPECT_NEAR(flipped, 200, 40);
}

// Every pixel shows what lies at its place turned back by one angle, the same for all pixels; black outside.
TEST(Views, RotationTurnsAboutTheCentre) {
  constexpr int64_t height = 20, width = 30;
  double least = 90, most = -90;
  for (uint32_t epoch = 0; epoch < 40; ++epoch) {
    const Variation variation{augment_of({"rotation(degrees=30)"}), 5, epoch};
    const View view = view_of(&variation, 1, height, width);
    int best = 0;
    double angle = 0;
    for (double degrees = -30; degrees <= 30; degrees += 0.1) {
      int right = 0;
      const double a = degrees * 3.14159265358979323846 / 180;
      for (int64_t y = 0; y < height; ++y)
        for (int64_t x = 0; x < width; ++x) {
          // counterclockwise, the vertical axis points down
          const double u = static_cast<double>(x) + 0.5 - width / 2.0, v = static_cast<double>(y) + 0.5 - height / 2.0;
          const double from_x = std::floor(std::cos(a) * u - std::sin(a) * v + width / 2.0);
          const double from_y = std::floor(std::sin(a) * u + std::cos(a) * v + height / 2.0);
          const bool inside = from_x >= 0 && from_x < width && from_y >= 0 && from_y < height;
          right += view.at(y, x) == (inside ? static_cast<int64_t>(from_y * width + from_x) : -1);
        }
      if (right > best)
        best = right, angle = degrees;
    }
    EXPECT_GE(best, 590) << angle; // of 600: the angle is one of a grid
    least = std::min(least, angle), most = std::max(most, angle);
  }
  EXPECT_LT(least, -20);
  EXPECT_GT(most, 20);
}

TEST(Mixing, SharesAreOfTheBetaDistribution) {
  for (const double alpha : {0.2, 1.0, 4.0}) {
    double sum = 0, squares = 0;
    constexpr int draws = 20000;
    for (int batch = 0; batch < draws; ++batch) {
      const Variation variation{augment_of({"mixup=" + std::to_string(alpha)}), 9, 2};
      const Mix mix = *mix_of(variation, batch, 8, 8);
      ASSERT_TRUE(mix.blend && mix.share >= 0 && mix.share <= 1);
      sum += mix.share;
      squares += (mix.share - 0.5) * (mix.share - 0.5);
    }
    EXPECT_NEAR(sum / draws, 0.5, 0.01) << alpha;
    EXPECT_NEAR(squares / draws, 1 / (4 * (2 * alpha + 1)), 0.004) << alpha;
  }
}

TEST(Mixing, ABatchIsMixedWithItselfShifted) {
  constexpr int64_t frames = 2, count = 3, height = 4, width = 5, channels = 2, size = height * width * channels;
  std::vector<float> images(frames * count * size);
  std::iota(images.begin(), images.end(), 1.0f);
  const auto other = [&](int64_t t, int64_t i, int64_t k) {
    return images[static_cast<size_t>((t * count + (i + count - 1) % count) * size + k)];
  };
  for (const bool blend : {true, false}) {
    Mix mix{0.25, blend, 1, 2, 3, 4};
    std::vector<float> mixed = images;
    mix_images(mix, frames, count, height, width, channels, mixed.data());
    for (int64_t t = 0; t < frames; ++t)
      for (int64_t i = 0; i < count; ++i)
        for (int64_t k = 0; k < size; ++k) {
          const size_t at = static_cast<size_t>((t * count + i) * size + k);
          const int64_t y = k / channels / width, x = k / channels % width;
          const bool inside = y >= 1 && y < 3 && x >= 2 && x < 4;
          EXPECT_EQ(mixed[at], blend    ? 0.25f * images[at] + 0.75f * other(t, i, k)
                               : inside ? other(t, i, k)
                                        : images[at]);
        }
  }
}

TEST(Mixing, CutMixKeepsTheShareOfTheRest) {
  bool whole = false;
  for (int64_t batch = 0; batch < 500; ++batch) {
    const Mix mix = *mix_of({augment_of({"cutmix"}), 9, 2}, batch, 10, 12);
    ASSERT_TRUE(!mix.blend && mix.top >= 0 && mix.left >= 0 && mix.bottom <= 10 && mix.right <= 12);
    EXPECT_DOUBLE_EQ(mix.share, 1 - static_cast<double>((mix.bottom - mix.top) * (mix.right - mix.left)) / 120);
    whole = whole || mix.share < 0.5;
  }
  EXPECT_TRUE(whole);
  int blends = 0;
  for (int64_t batch = 0; batch < 500; ++batch) // both: each half of the batches
    blends += mix_of({augment_of({"cutmix", "mixup"}), 9, 2}, batch, 10, 12)->blend ? 1 : 0;
  EXPECT_NEAR(blends, 250, 50);
  EXPECT_FALSE(mix_of({augment_of({"flip"}), 9, 2}, 0, 10, 12).has_value());
}

} // namespace
} // namespace rvb::runtime
