// Whole random modules, operation by operation: shapes and bodies nobody thought of.
#include "harness.h"

#include "ir/text.h"

#include <gtest/gtest.h>

#include <cmath>

namespace rvb::kernels {

namespace {

void check_modules(uint64_t first, uint64_t last) {
  for (uint64_t seed = first; seed <= last; ++seed) {
    ir::Module module = interpreter::random_module(seed);
    EXPECT_EQ("", differences(module, 1 + static_cast<int64_t>(seed % 3), seed)) << "seed " << seed << "\n"
                                                                                 << ir::print(module);
  }
}

} // namespace

// Several tests, so that they run in parallel.
TEST(Random, Modules1To4) {
  check_modules(1, 4);
}
TEST(Random, Modules5To8) {
  check_modules(5, 8);
}
TEST(Random, Modules9To12) {
  check_modules(9, 12);
}

// The variance keeps its digits when the mean is a thousand deviations away.
TEST(Moments, FarFromZero) {
  ir::Module module = ir::parse("func @f(%x: f32[?,16,16,8]) -> (f32[8], f32[8], f32[8]) {\n"
                                "  %m, %v, %u = moments(%x) {copies = 1} : f32[8], f32[8], f32[8]\n"
                                "  ret(%m, %v, %u)\n}\n");
  const ir::Function& function = module.functions[0];
  std::vector<Tensor> arguments = interpreter::random_arguments(function, 20, 3, 999, 1001);
  for (double& v : arguments[0].data)
    v = static_cast<float>(v);
  std::vector<Tensor> expected = interpreter::evaluate(module, function, 20, arguments);
  std::vector<Tensor> actual = run(function, function.ops[0], 20, arguments, true);
  for (size_t i = 0; i < 3; ++i)
    for (size_t c = 0; c < 8; ++c)
      EXPECT_NEAR(actual[i].data[c] / expected[i].data[c], 1, 1e-6) << i << " " << c;
}

// A network that has gone wrong is to show it.
TEST(Loss, KeepsNaN) {
  ir::Module module = ir::parse("func @f(%y: f32[?,10], %l: i32[?]) -> (f32[]) {\n"
                                "  %r = cross_entropy(%y, %l) : f32[]\n  ret(%r)\n}\n");
  const ir::Function& function = module.functions[0];
  std::vector<Tensor> arguments = interpreter::random_arguments(function, 4, 3);
  for (size_t i = 0; i < 10; ++i)
    arguments[0].data[10 + i] = std::nan("");
  EXPECT_FALSE(std::isfinite(run(function, function.ops[0], 4, arguments, true)[0].data[0]));
}

} // namespace rvb::kernels
