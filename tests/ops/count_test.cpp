// Operations for one sample, all T steps together.
#include "ir/text.h"
#include "ops/ops.h"

#include <gtest/gtest.h>

namespace rvb::tests {

namespace {

// multiply-adds and additions of the last operation
std::pair<int64_t, int64_t> counts(const std::string& text) {
  ir::Module module = ir::parse(text);
  const ir::Function& function = module.functions.at(0);
  const ir::Op& op = function.ops.back();
  ops::CountRule rule = ops::meaning(op.opcode).count;
  ops::Count count = rule ? rule(function, op) : ops::Count{};
  return {count.multiply_adds, count.additions};
}

using Pair = std::pair<int64_t, int64_t>;

TEST(Counts, RealConvolutionMultiplies) {
  // 2 steps x 28 x 28 positions x 9 taps x 1 x 32 channels
  EXPECT_EQ(counts("func @f(%x: f32[2,?,28,28,1], %w: f32[3,3,1,32]) -> () {"
                   " %y = conv2d(%x, %w) {pad = [1, 1], stride = [1, 1]} : f32[2,?,28,28,32] ret() }"),
            (Pair{2 * 28 * 28 * 9 * 32, 0}));
}

TEST(Counts, SignsAdd) {
  EXPECT_EQ(counts("func @f(%x: f32[?,8,8,4], %w: f32[3,3,4,5]) -> () { %s = sign(%w) : f32[3,3,4,5]"
                   " %y = conv2d(%x, %s) {pad = [1, 1], stride = [2, 2]} : f32[?,4,4,5] ret() }"),
            (Pair{0, 4 * 4 * 9 * 4 * 5}));
}

TEST(Counts, SignsUnderAlphaAdd) {
  EXPECT_EQ(counts("func @f(%x: f32[?,6], %w: f32[6,5], %a: f32[6]) -> () { %s = sign(%w) : f32[6,5]"
                   " %t = scale(%s, %a) {axis = 0} : f32[6,5] %y = linear(%x, %t) : f32[?,5] ret() }"),
            (Pair{0, 30}));
}

TEST(Counts, ScaledRealWeightsMultiply) {
  EXPECT_EQ(counts("func @f(%x: f32[?,6], %w: f32[6,5], %a: f32[6]) -> () {"
                   " %t = scale(%w, %a) {axis = 0} : f32[6,5] %y = linear(%x, %t) : f32[?,5] ret() }"),
            (Pair{30, 0}));
}

TEST(Counts, PackedSignsAdd) {
  EXPECT_EQ(counts("func @f(%x: f32[3,?,8,8,40], %b: u32[9,2,5]) -> () {"
                   " %y = binary_conv2d(%x, %b) {channels = [40, 5], kernel = [3, 3], pad = [1, 1], stride = [1, 1]}"
                   " : f32[3,?,8,8,5] ret() }"),
            (Pair{0, 3 * 64 * 9 * 40 * 5}));
  EXPECT_EQ(counts("func @f(%x: f32[?,40], %b: u32[1,2,5]) -> () {"
                   " %y = binary_linear(%x, %b) {channels = [40, 5]} : f32[?,5] ret() }"),
            (Pair{0, 200}));
}

TEST(Counts, GroupsReadTheirChannelsAlone) {
  EXPECT_EQ(counts("func @f(%x: f32[?,8,8,6], %w: f32[3,3,1,6]) -> () {"
                   " %y = conv2d(%x, %w) {groups = 6, pad = [1, 1], stride = [1, 1]} : f32[?,8,8,6] ret() }"),
            (Pair{64 * 9 * 6, 0}));
  EXPECT_EQ(counts("func @f(%x: f32[?,8,8,40], %b: u32[9,2,2]) -> () {"
                   " %y = binary_conv2d(%x, %b) {channels = [40, 60], groups = 20, kernel = [3, 3], pad = [1, 1],"
                   " stride = [1, 1]} : f32[?,8,8,60] ret() }"),
            (Pair{0, 64 * 9 * 2 * 60}));
}

TEST(Counts, GradientsOfAConvolutionCostWhatItCosts) {
  int64_t synapses = 4 * 4 * 9 * 4 * 5;
  EXPECT_EQ(counts("func @f(%g: f32[?,4,4,5], %w: f32[3,3,4,5]) -> () {"
                   " %y = conv2d_input_gradient(%g, %w) {pad = [1, 1], size = [8, 8], stride = [2, 2]}"
                   " : f32[?,8,8,4] ret() }"),
            (Pair{synapses, 0}));
  EXPECT_EQ(counts("func @f(%x: f32[?,8,8,4], %g: f32[?,4,4,5]) -> () {"
                   " %y = conv2d_weight_gradient(%x, %g) {kernel = [3, 3], pad = [1, 1], stride = [2, 2]}"
                   " : f32[3,3,4,5] ret() }"),
            (Pair{synapses, 0}));
}

TEST(Counts, GradientsOfALinearCostWhatItCosts) {
  EXPECT_EQ(counts("func @f(%g: f32[2,?,5], %w: f32[6,5]) -> () {"
                   " %y = linear_input_gradient(%g, %w) : f32[2,?,6] ret() }"),
            (Pair{60, 0}));
  EXPECT_EQ(counts("func @f(%x: f32[2,?,6], %g: f32[2,?,5]) -> () {"
                   " %y = linear_weight_gradient(%x, %g) : f32[6,5] ret() }"),
            (Pair{60, 0}));
}

TEST(Counts, DoNotOverflow) {
  EXPECT_EQ(counts("func @f(%x: f32[?,1048576,1048576], %w: f32[1048576,1048576]) -> () {"
                   " %y = linear(%x, %w) : f32[?,1048576,1048576] ret() }"),
            (Pair{int64_t{1} << 60, 0}));
  EXPECT_EQ(counts("func @f(%x: f32[?,32768,32768,1024], %w: f32[1024,1024,1024,256]) -> () {"
                   " %y = conv2d(%x, %w) {pad = [0, 0], stride = [1, 1]} : f32[?,31745,31745,256] ret() }"),
            (Pair{INT64_MAX, 0}));
}

TEST(Counts, ElementwiseHasNone) {
  EXPECT_EQ(counts("func @f(%x: f32[?,6]) -> () { %y = add(%x, %x) : f32[?,6] ret() }"), (Pair{0, 0}));
}

} // namespace

} // namespace rvb::tests
