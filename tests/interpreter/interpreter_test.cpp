// The interpreter against numbers worked out by hand or taken from PyTorch 1.13 (float32, six digits printed).
#include "interpreter.h"

#include "analysis/verify.h"
#include "ir/text.h"
#include "random_module.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

namespace rvb::tests {

namespace {

using interpreter::Tensor;
using Numbers = std::vector<double>;

// Runs the one function of a text; arguments are plain lists of numbers.
std::vector<Numbers> run(const std::string& text, int64_t batch, const std::vector<Numbers>& numbers,
                         interpreter::Options options = {}) {
  ir::Module module = ir::parse(text);
  for (const std::string& fault : analysis::verify(module))
    ADD_FAILURE() << fault;
  const ir::Function& function = module.functions.at(0);
  std::vector<Tensor> arguments;
  for (size_t i = 0; i < numbers.size(); ++i)
    arguments.push_back({interpreter::resolve(function.type(function.parameters[i]), batch), numbers[i]});
  std::vector<Numbers> results;
  for (const Tensor& tensor : interpreter::evaluate(module, function, batch, arguments, options))
    results.push_back(tensor.data);
  return results;
}

void expect_near(const Numbers& got, const Numbers& expected, double tolerance = 1e-6) {
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i)
    EXPECT_NEAR(got[i], expected[i], tolerance) << "at " << i;
}

const Numbers image{-2, 3, -1, -3, 0, -2, 1, -1, 2, 0, 3, 1, -3, 2, -2, 3, -1, -3, 0, -2, 1, -1, 2, 0};
const Numbers kernel{-1, 2, -2, 1, 0,  -2, -1, 2,  1,  -1, 0, -2, 2, 0,  1, -1, -2, 1,
                     2,  0, -1, 2, -2, 1,  0,  -2, -1, 2,  1, -1, 0, -2, 2, 0,  1,  -1};

TEST(Interpreter, Conv2dAsPyTorch) {
  expect_near(run("func @f(%x: f32[?,3,4,2], %w: f32[3,3,2,2]) -> (f32[?,2,2,2]) {"
                  " %y = conv2d(%x, %w) {pad = [1, 0], stride = [2, 1]} : f32[?,2,2,2] ret(%y) }",
                  1, {image, kernel})[0],
              {-2, -17, -13, -4, -14, 3, -17, 20});
}

TEST(Interpreter, BinaryConv2dIsConv2dWithSigns) {
  // One word a tap and output channel; bit c is input channel c. Signs of `kernel`, with 0 counted as +1.
  Numbers bits, signs;
  for (int tap = 0; tap < 9; ++tap)
    for (int o = 0; o < 2; ++o)
      bits.push_back((kernel[tap * 4 + o] >= 0 ? 1 : 0) + (kernel[tap * 4 + 2 + o] >= 0 ? 2 : 0));
  for (double w : kernel)
    signs.push_back(w >= 0 ? 1 : -1);
  expect_near(run("func @f(%x: f32[?,3,4,2], %b: u32[9,1,2]) -> (f32[?,2,2,2]) {"
                  " %y = binary_conv2d(%x, %b) {channels = [2, 2], kernel = [3, 3], pad = [1, 0], stride = [2, 1]}"
                  " : f32[?,2,2,2] ret(%y) }",
                  1, {image, bits})[0],
              run("func @f(%x: f32[?,3,4,2], %w: f32[3,3,2,2]) -> (f32[?,2,2,2]) {"
                  " %y = conv2d(%x, %w) {pad = [1, 0], stride = [2, 1]} : f32[?,2,2,2] ret(%y) }",
                  1, {image, signs})[0]);
}

TEST(Interpreter, BinaryLinearReadsTheSecondWord) {
  Numbers x(34, 0.0);
  x[0] = 1;
  x[33] = 10;
  // channel 33 is bit 1 of word 1; output 0 has both bits, output 1 only the first
  expect_near(run("func @f(%x: f32[?,34], %b: u32[1,2,2]) -> (f32[?,2]) {"
                  " %y = binary_linear(%x, %b) {channels = [34, 2]} : f32[?,2] ret(%y) }",
                  1, {x, {1, 1, 2, 0}})[0],
              {11, -9});
}

TEST(Interpreter, MaxpoolAsPyTorch) {
  expect_near(run("func @f(%x: f32[?,3,4,2]) -> (f32[?,2,3,2]) {"
                  " %y = maxpool(%x) {kernel = [3, 2], pad = [1, 1], stride = [2, 2]} : f32[?,2,3,2] ret(%y) }",
                  1, {image})[0],
              {2, 3, 3, 2, 1, 3, 2, 0, 3, 2, 2, 3});
}

TEST(Interpreter, AvgpoolCountsThePadding) {
  expect_near(run("func @f(%x: f32[?,3,4,2]) -> (f32[?,4,2,2]) {"
                  " %y = avgpool(%x) {kernel = [2, 3], pad = [1, 1], stride = [1, 2]} : f32[?,4,2,2] ret(%y) }",
                  1, {image})[0],
              {-0.5, 0, 0, -1, 1. / 3, 1. / 6, -1. / 3, 0, 2. / 3, -2. / 3, 1. / 6, 0.5, -1. / 6, -5. / 6, 0.5, -0.5});
}

TEST(Interpreter, FlattenPutsChannelsOutermost) {
  expect_near(run("func @f(%x: f32[?,3,4,2]) -> (f32[?,24], f32[?,3,4,2]) { %y = flatten(%x) : f32[?,24]"
                  " %z = unflatten(%y) {size = [3, 4, 2]} : f32[?,3,4,2] ret(%y, %z) }",
                  1, {image})[0],
              {-2, -1, 0, 1, 2, 3, -3, -2, -1, 0, 1, 2, 3, -3, -2, -1, 0, 1, 2, 3, -3, -2, -1, 0});
  expect_near(run("func @f(%x: f32[?,3,4,2]) -> (f32[?,3,4,2]) { %y = flatten(%x) : f32[?,24]"
                  " %z = unflatten(%y) {size = [3, 4, 2]} : f32[?,3,4,2] ret(%z) }",
                  1, {image})[0],
              image);
}

TEST(Interpreter, GlobalAvgpoolAveragesPositions) {
  expect_near(
      run("func @f(%x: f32[?,3,4,2]) -> (f32[?,2]) { %y = global_avgpool(%x) : f32[?,2] ret(%y) }", 1, {image})[0],
      {0, -0.25});
}

TEST(Interpreter, BatchnormAsPyTorch) {
  auto results = run("func @f(%x: f32[?,3,4,2], %g: f32[2], %b: f32[2]) -> (f32[?,3,4,2], f32[2], f32[2]) {"
                     " %y, %m, %v, %u = batchnorm(%x, %g, %b) {copies = 1, epsilon = 1e-05}"
                     " : f32[?,3,4,2], f32[2], f32[2], f32[2] ret(%y, %m, %u) }",
                     1, {image, {0.5, -2}, {1, 0.25}});
  results[0].resize(8);
  expect_near(results[0], {0.438049, -2.926402, 0.719025, 2.937725, 1, 1.96037, 1.280975, 0.983016});
  expect_near(results[1], {0, -0.25});
  expect_near(results[2], {3.454545, 4.568182});
}

TEST(Interpreter, CopiesChangeTheUnbiasedVarianceAlone) {
  // 0 and 2: mean 1, variance 1. Two elements: 1 * 2/1; standing for six: 1 * 6/5. A single element has no n/(n-1).
  auto results = run("func @f(%x: f32[?,1]) -> (f32[1], f32[1], f32[1], f32[1]) {"
                     " %m, %v, %u = moments(%x) {copies = 1} : f32[1], f32[1], f32[1]"
                     " %n, %w, %t = moments(%x) {copies = 3} : f32[1], f32[1], f32[1] ret(%v, %w, %u, %t) }",
                     2, {{0, 2}});
  expect_near({results[0][0], results[1][0], results[2][0], results[3][0]}, {1, 1, 2, 1.2}, 1e-15);
  EXPECT_EQ(run("func @f(%x: f32[?,1]) -> (f32[1]) { %m, %v, %u = moments(%x) : f32[1], f32[1], f32[1] ret(%u) }", 1,
                {{5}})[0][0],
            0);
}

TEST(Interpreter, BatchnormInferenceUsesGivenStatistics) {
  expect_near(run("func @f(%x: f32[?,1], %g: f32[1], %b: f32[1], %m: f32[1], %v: f32[1]) -> (f32[?,1]) {"
                  " %y = batchnorm_inference(%x, %g, %b, %m, %v) {epsilon = 1.0} : f32[?,1] ret(%y) }",
                  2, {{5, 1}, {-2}, {0.5}, {1}, {3}})[0],
              {-3.5, 0.5});
}

TEST(Interpreter, CrossEntropyAsPyTorch) {
  auto results = run("func @f(%x: f32[?,3], %l: i32[?]) -> (f32[], f32[?,3]) { %y = cross_entropy(%x, %l) : f32[]"
                     " %g = cross_entropy_gradient(%x, %l) : f32[?,3] ret(%y, %g) }",
                     2, {{1, 2, -1, 0.5, 0, 3}, {1, 0}});
  expect_near(results[0], {1.4864425659});
  expect_near(results[1], {0.129748, -0.147308, 0.01756, -0.463739, 0.021993, 0.441746});
}

const char* const reverb = "func @f(%x: f32[3,?,2]) -> (f32[3,?,2], f32[?,2]) {"
                           " %o, %v = scan(%x, 0.0) {axis = 0, states = 1} do (%i: f32[?,2], %u: f32[?,2]) {"
                           " %l = mul(%u, 0.25) : f32[?,2] %m = add(%l, %i) : f32[?,2]"
                           " %f = greater_equal(%m, 1.0) : bool[?,2] %e = select(%f, %m, 0.0) : f32[?,2]"
                           " %r = select(%f, 0.0, %m) : f32[?,2] yield(%e, %r) } : f32[3,?,2], f32[?,2] ret(%o, %v) }";

TEST(Interpreter, ScanRunsAReverbNeuron) {
  // Threshold 1, leak 0.25. First neuron: 0.8, then 0.2 + 0.9 = 1.1 fires and resets, then 0.5.
  // Second: 1 fires at the threshold, then -4, then -1 + 2.5 = 1.5 fires.
  auto results = run(reverb, 1, {{0.8, 1, 0.9, -4, 0.5, 2.5}});
  expect_near(results[0], {0, 1, 1.1, 0, 0, 1.5}, 1e-15);
  expect_near(results[1], {0.5, 0}, 1e-15);
}

TEST(Interpreter, ScanRunsBackwards) {
  auto results = run("func @f(%x: f32[3]) -> (f32[3], f32[]) {"
                     " %o, %v = scan(%x, 100.0) {axis = 0, reverse = 1, states = 1} do (%i: f32[], %u: f32[]) {"
                     " %s = add(%u, %i) : f32[] yield(%s, %s) } : f32[3], f32[] ret(%o, %v) }",
                     1, {{1, 2, 4}});
  expect_near(results[0], {107, 106, 104});
  expect_near(results[1], {107});
}

TEST(Interpreter, ScanBroadcastsWhatItYields) {
  auto results = run("func @f(%x: f32[2,?,2], %k: f32[2]) -> (f32[2,?,2], f32[2,?,2]) {"
                     " %o, %p = scan(%x, %k) {axis = 0, invariants = 1} do (%i: f32[?,2], %c: f32[2]) {"
                     " yield(7, %c) } : f32[2,?,2], f32[2,?,2] ret(%o, %p) }",
                     1, {{1, 2, 3, 4}, {5, 6}});
  expect_near(results[0], {7, 7, 7, 7});
  expect_near(results[1], {5, 6, 5, 6});
}

TEST(Interpreter, TimeOperators) {
  auto results = run("func @f(%x: f32[2,?,1]) -> (f32[?,1], f32[?,1], f32[3,2,?,1]) { %s = sum_time(%x) : f32[?,1]"
                     " %m = mean_time(%x) : f32[?,1] %r = repeat(%x) {times = 3} : f32[3,2,?,1] ret(%s, %m, %r) }",
                     2, {{1, 2, 3, 6}});
  expect_near(results[0], {4, 8});
  expect_near(results[1], {2, 4});
  expect_near(results[2], {1, 2, 3, 6, 1, 2, 3, 6, 1, 2, 3, 6});
}

TEST(Interpreter, AxisOperators) {
  auto results = run("func @f(%x: f32[2,3], %a: f32[2]) -> (f32[2,3], f32[2], f32[3], f32[3], f32[3], f32[]) {"
                     " %y = scale(%x, %a) {axis = 0} : f32[2,3] %s = sum(%x) {axis = 0} : f32[2]"
                     " %t = sum(%x) {axis = 1} : f32[3] %u, %v = centered_sums(%x, %x, %t) : f32[3], f32[3]"
                     " %n = count() {per_sample = 5} : f32[] ret(%y, %s, %t, %u, %v, %n) }",
                     4, {{1, 2, 3, 4, 5, 6}, {10, -1}});
  expect_near(results[0], {10, 20, 30, -4, -5, -6});
  expect_near(results[1], {6, 15});
  expect_near(results[2], {5, 7, 9});
  expect_near(results[4], {1 * -4 + 4 * -1, 2 * -5 + 5 * -2, 3 * -6 + 6 * -3});
  expect_near(results[5], {20});
}

TEST(Interpreter, HardAndSmoothSteps) {
  const char* text = "func @f(%x: f32[5]) -> (f32[5], f32[5], f32[5]) { %a = sign(%x) {ste = 1.0} : f32[5]"
                     " %b = step(%x) {surrogate = \"rectangle\", width = 1.0} : f32[5]"
                     " %c = step(%x) {surrogate = \"triangle\", width = 1.0} : f32[5] ret(%a, %b, %c) }";
  auto hard = run(text, 1, {{-2, -0.25, 0, 0.25, 2}});
  expect_near(hard[0], {-1, -1, 1, 1, 1});
  expect_near(hard[1], {0, 0, 1, 1, 1});
  interpreter::Options options;
  options.smooth = true;
  auto smooth = run(text, 1, {{-2, -0.25, 0, 0.25, 2}}, options);
  expect_near(smooth[0], {-1, -0.25, 0, 0.25, 1});
  expect_near(smooth[1], {0, 0.25, 0.5, 0.75, 1});
  expect_near(smooth[2], {0, 0.28125, 0.5, 0.71875, 1});
}

TEST(Interpreter, ConstantsOfEveryElement) {
  auto results = run("data @a: f32[2] = [0.5, -3]\ndata @b: i32[2] = [-7, 9]\ndata @c: u32[1] = [4294967295]\n"
                     "data @d: bool[2] = [0, 1]\n"
                     "func @f() -> (f32[2], i32[2], u32[1], bool[2]) { %a = constant() {name = \"a\"} : f32[2]"
                     " %b = constant() {name = \"b\"} : i32[2] %c = constant() {name = \"c\"} : u32[1]"
                     " %d = constant() {name = \"d\"} : bool[2] ret(%a, %b, %c, %d) }",
                     1, {});
  expect_near(results[0], {0.5, -3});
  expect_near(results[1], {-7, 9});
  expect_near(results[2], {4294967295.0});
  expect_near(results[3], {0, 1});
}

TEST(Interpreter, SaysWhatDoesNotFit) {
  EXPECT_THROW(run("func @f(%x: f32[2]) -> (f32[2]) { ret(%x) }", 1, {}), std::runtime_error);
  EXPECT_THROW(run("func @f(%x: f32[?,2]) -> (f32[?,2]) { ret(%x) }", 2, {{1, 2, 3}}), std::runtime_error);
  EXPECT_THROW(run("data @a: f32[20] = #0123456789abcdef\n"
                   "func @f() -> (f32[20]) { %a = constant() {name = \"a\"} : f32[20] ret(%a) }",
                   1, {}),
               std::runtime_error);
  EXPECT_THROW(run("func @f(%x: f32[?,2], %l: i32[?]) -> (f32[]) { %y = cross_entropy(%x, %l) : f32[] ret(%y) }", 1,
                   {{1, 2}, {2}}),
               std::runtime_error);
}

TEST(Difference, SeesNumbersTypesAndCounts) {
  Tensor a = interpreter::scalar(1), b = interpreter::scalar(1.5);
  EXPECT_EQ(interpreter::difference({a}, {a}, 0), "");
  EXPECT_NE(interpreter::difference({a}, {b}, 0.1), "");
  EXPECT_EQ(interpreter::difference({a}, {b}, 0.6), "");
  EXPECT_NE(interpreter::difference({a}, {a, b}, 1), "");
  EXPECT_NE(interpreter::difference({a}, {interpreter::scalar(std::nan(""))}, 1), "");
  EXPECT_EQ(interpreter::difference({interpreter::scalar(std::nan(""))}, {interpreter::scalar(std::nan(""))}, 0), "");
}

} // namespace

} // namespace rvb::tests
