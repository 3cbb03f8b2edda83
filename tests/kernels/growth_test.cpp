// Kernels do not grow with what they loop over: their statements are counted, not the seconds that they take.
#include "ir/text.h"
#include "kernels/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace rvb::kernels {

namespace {

int64_t lines(const std::string& text) {
  ir::Module module = ir::parse(text);
  std::string statements;
  compile(module.functions[0], module.functions[0].ops[0], targets::host(), {}, testing::TempDir() + "rvb_growth.o",
          &statements);
  return std::count(statements.begin(), statements.end(), '\n');
}

// A convolution along a line, with its gradients.
std::string forward(int taps) {
  const std::string k = std::to_string(taps), out = std::to_string(500 - taps + 1);
  return "func @f(%x: f32[?,1,500,2], %w: f32[1," + k + ",2,3]) -> (f32[?,1," + out +
         ",3]) {\n  %y = conv2d(%x, %w) {pad = [0, 0], stride = [1, 1]} : f32[?,1," + out + ",3]\n  ret(%y)\n}\n";
}
std::string by_weights(int taps) {
  const std::string k = std::to_string(taps), out = std::to_string(500 - taps + 1);
  return "func @f(%x: f32[?,1,500,2], %g: f32[?,1," + out + ",3]) -> (f32[1," + k +
         ",2,3]) {\n  %w = conv2d_weight_gradient(%x, %g) {kernel = [1, " + k +
         "], pad = [0, 0], stride = [1, 1]} : f32[1," + k + ",2,3]\n  ret(%w)\n}\n";
}
std::string by_input(int taps) {
  const std::string k = std::to_string(taps), out = std::to_string(500 - taps + 1);
  return "func @f(%g: f32[?,1," + out + ",3], %w: f32[1," + k +
         ",2,3]) -> (f32[?,1,500,2]) {\n  %x = conv2d_input_gradient(%g, %w) {pad = [0, 0], size = [1, 500], stride = "
         "[1, 1]} : f32[?,1,500,2]\n  ret(%x)\n}\n";
}

std::string stack(int steps) {
  std::string parameters, names;
  for (int s = 0; s < steps; ++s) {
    const std::string name = "%x" + std::to_string(s);
    parameters += (s == 0 ? "" : ", ") + name + ": f32[?,8]";
    names += (s == 0 ? "" : ", ") + name;
  }
  const std::string type = "f32[" + std::to_string(steps) + ",?,8]";
  return "func @f(" + parameters + ") -> (" + type + ") {\n  %y = stack_time(" + names + ") : " + type +
         "\n  ret(%y)\n}\n";
}

} // namespace

TEST(Growth, StepsAreStackedOnceEach) {
  EXPECT_LT(lines(stack(80)), 5 * lines(stack(20)));
}

TEST(Growth, TapsAreLoopsWhateverTheirNumber) {
  for (auto* network : {forward, by_weights, by_input}) {
    const int64_t few = lines(network(25)), many = lines(network(101));
    EXPECT_GT(few, 10);
    EXPECT_LT(many, few + few / 4) << network(101);
  }
}

} // namespace rvb::kernels
