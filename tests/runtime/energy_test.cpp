// The arithmetic of the energy models, and the counting of events against a count by hand.
#include "evaluation/energy.h"

#include <gtest/gtest.h>

#include <random>

namespace rvb::runtime {
namespace {

TEST(Energy, ThePapersModelGivesThePapersNumber) {
  // 3.54 M FLOPs and 75.10 M synaptic operations are 50.03 uJ, as the paper says.
  const EnergyModel& paper = energy_models[0];
  EXPECT_STREQ(paper.name, "paper");
  EXPECT_NEAR(paper.energy(3.54e6, 0), 44.25, 5e-3);
  EXPECT_NEAR(paper.energy(0, 75.10e6), 5.7827, 5e-5);
  EXPECT_NEAR(paper.energy(3.54e6, 75.10e6), 50.03, 5e-3);
  EXPECT_NEAR(paper.energy(3.54e6, 75.10e6), 50.0327, 5e-5);
  EXPECT_EQ(paper.energy(0, 0, 1e9), 0); // it leaves multiplications out
}

TEST(Energy, Horowitz) {
  const EnergyModel& f32 = energy_models[1];
  EXPECT_NEAR(f32.energy(3.54e6, 75.10e6), 83.87, 5e-3); // not what the paper says
  EXPECT_NEAR(f32.mac, f32.ac + f32.multiply, 1e-12);    // a multiply-add is a multiplication and an addition
  const EnergyModel& int8 = energy_models[2];
  EXPECT_NEAR(int8.mac, int8.ac + int8.multiply, 1e-12);
  EXPECT_NEAR(int8.energy(0, 1e6), 0.03, 1e-12);
}

TEST(Energy, FanOutAtBorders) {
  EXPECT_EQ(fan_out(4, 3, 1, 1), (std::vector<int64_t>{2, 3, 3, 2}));
  EXPECT_EQ(fan_out(5, 3, 2, 1), (std::vector<int64_t>{1, 2, 1, 2, 1}));
  EXPECT_EQ(fan_out(4, 1, 2, 0), (std::vector<int64_t>{1, 0, 1, 0}));
  EXPECT_EQ(fan_out(3, 3, 1, 0), (std::vector<int64_t>{1, 1, 1}));
  EXPECT_EQ(fan_out(5, 3, 1, 2, 2), (std::vector<int64_t>{2, 2, 3, 2, 2}));
}

// Every tap of every output, one by one. `weights` [Kh, Kw, Ci, Co], or empty: none is 0.
int64_t taps(const ObservedSynapses& layer, const std::vector<float>& x, int64_t frames,
             const std::vector<float>& weights = {}) {
  int64_t channels = layer.input_shape[0], height = layer.input_shape[1], width = layer.input_shape[2], count = 0;
  for (int64_t f = 0; f < frames; ++f)
    for (int64_t oy = 0; oy < layer.shape[1]; ++oy)
      for (int64_t ox = 0; ox < layer.shape[2]; ++ox)
        for (int64_t ky = 0; ky < layer.kernel[0]; ++ky)
          for (int64_t kx = 0; kx < layer.kernel[1]; ++kx) {
            int64_t y = oy * layer.stride[0] + ky * layer.dilation[0] - layer.padding[0],
                    x_at = ox * layer.stride[1] + kx * layer.dilation[1] - layer.padding[1];
            for (int64_t c = 0; y >= 0 && y < height && x_at >= 0 && x_at < width && c < channels; ++c)
              if (x[static_cast<size_t>(((f * height + y) * width + x_at) * channels + c)] != 0)
                for (int64_t o = 0; o < layer.shape[0]; ++o) {
                  if (c / (channels / layer.groups) != o / (layer.shape[0] / layer.groups))
                    continue;
                  int64_t at = ((ky * layer.kernel[1] + kx) * channels + c) * layer.shape[0] + o;
                  count += weights.empty() || weights[static_cast<size_t>(at)] != 0;
                }
          }
  return count;
}

TEST(Energy, EventsMeetTheirTaps) {
  std::mt19937 random(3);
  for (int64_t stride : {1, 2})
    for (int64_t padding : {0, 1, 2}) {
      ObservedSynapses layer;
      layer.kind = "conv2d";
      layer.input_shape = {3, 7, 6};
      layer.kernel[0] = 3, layer.kernel[1] = 5;
      layer.stride[0] = stride, layer.stride[1] = 1;
      layer.padding[0] = padding, layer.padding[1] = 2;
      layer.shape = {4, (7 + 2 * padding - 3) / stride + 1, 6};
      std::vector<float> x(2 * 3 * 7 * 6);
      for (float& value : x)
        value = random() % 3 == 0 ? 1.0f : 0.0f;
      SynapseCount count;
      count_events(layer, x.data(), 2, {}, count);
      EXPECT_EQ(count.operations, taps(layer, x, 2));
      EXPECT_FALSE(count.graded);
      EXPECT_EQ(count.values, static_cast<int64_t>(x.size()));
      EXPECT_EQ(count.possible, taps(layer, std::vector<float>(x.size(), 1.0f), 2));
      // Weights of 0 are no connections.
      std::vector<float> weights(3 * 5 * 3 * 4);
      for (float& value : weights)
        value = random() % 2 == 0 ? 1.0f : 0.0f;
      Connections connections(3 * 5 * 3, 0);
      for (size_t i = 0; i < weights.size(); ++i)
        connections[i / 4] += weights[i] != 0;
      SynapseCount pruned;
      count_events(layer, x.data(), 2, connections, pruned);
      EXPECT_EQ(pruned.operations, taps(layer, x, 2, weights));
      EXPECT_LT(pruned.operations, count.operations);
      EXPECT_EQ(pruned.possible, count.possible);
      x[5] = 0.5f;
      count_events(layer, x.data(), 2, {}, count);
      EXPECT_TRUE(count.graded);
    }
}

TEST(Energy, EventsMeetTheTapsOfTheirGroup) {
  std::mt19937 random(5);
  for (int64_t groups : {2, 4}) {
    ObservedSynapses layer;
    layer.kind = "conv2d";
    layer.input_shape = {4, 7, 6};
    layer.kernel[0] = layer.kernel[1] = 3;
    layer.dilation[1] = 2;
    layer.padding[0] = 1, layer.padding[1] = 2;
    layer.groups = groups;
    layer.shape = {8, 7, 6};
    std::vector<float> x(2 * 4 * 7 * 6);
    for (float& value : x)
      value = random() % 3 == 0 ? 1.0f : 0.0f;
    SynapseCount count;
    count_events(layer, x.data(), 2, {}, count);
    EXPECT_EQ(count.operations, taps(layer, x, 2));
    EXPECT_EQ(count.possible, taps(layer, std::vector<float>(x.size(), 1.0f), 2));
  }
}

} // namespace
} // namespace rvb::runtime
