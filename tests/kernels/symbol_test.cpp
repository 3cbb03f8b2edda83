// Names of kernels.
#include "kernels/kernels.h"

#include "ir/text.h"

#include <gtest/gtest.h>

#include <regex>

namespace rvb::kernels {

namespace {

std::string symbol_of(const std::string& text, const std::string& target_name = "x86-64-v3", Options options = {}) {
  ir::Module module = ir::parse(text);
  Target target;
  find_target(target_name, target);
  return symbol(module.functions[0], module.functions[0].ops[0], target, options);
}

std::string scale(const std::string& x, const std::string& a, const std::string& shape, const std::string& axis) {
  return "func @f(%" + x + ": f32[" + shape + "], %" + a + ": f32[8]) -> (f32[" + shape + "]) {\n  %r = scale(%" + x +
         ", %" + a + ") {axis = " + axis + "} : f32[" + shape + "] @ some.layer\n  ret(%r)\n}\n";
}

} // namespace

TEST(Symbol, ForgetsNamesAndKeepsTheRest) {
  std::string base = symbol_of(scale("x", "a", "?,8,8", "2"));
  EXPECT_TRUE(std::regex_match(base, std::regex("rvb_scale_[0-9a-f]{16}"))) << base;
  EXPECT_EQ(base, symbol_of(scale("image", "alpha", "?,8,8", "2")));
  EXPECT_NE(base, symbol_of(scale("x", "a", "?,8,8", "1")));
  EXPECT_NE(base, symbol_of(scale("x", "a", "?,9,8", "2")));
  EXPECT_NE(base, symbol_of(scale("x", "a", "?,8,8", "2"), "avx512"));
  Options bare;
  bare.scheduled = false;
  EXPECT_NE(base, symbol_of(scale("x", "a", "?,8,8", "2"), "x86-64-v3", bare));
}

// x * x and x * y differ though all types agree.
TEST(Symbol, SeesWhichOperandsAreOne) {
  auto square = [](const std::string& second) {
    return "func @f(%x: f32[8], %y: f32[8]) -> (f32[8]) {\n  %r = mul(%x, %" + second + ") : f32[8]\n  ret(%r)\n}\n";
  };
  EXPECT_NE(symbol_of(square("x")), symbol_of(square("y")));
}

} // namespace rvb::kernels
