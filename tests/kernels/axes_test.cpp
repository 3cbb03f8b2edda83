// Operators over axes, on sizes that no vector divides: scheduled, bare, and the interpreter.
#include "analysis/known.h"
#include "harness.h"
#include "ir/text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace rvb::kernels {

namespace {

using std::string;
using std::to_string;

TEST(Axis, ScaleAndSum) {
  string w = "f32[3,3,13,40]";
  for (int axis = 0; axis < 4; ++axis) {
    string n = "f32[" + to_string(axis < 2 ? 3 : axis == 2 ? 13 : 40) + "]";
    string attribute = "{axis = " + to_string(axis) + "}";
    EXPECT_EQ("", differences(function({{"x", w}, {"a", n}}, "scale(%x, %a) " + attribute, w), 1));
    EXPECT_EQ("", differences(function({{"x", w}}, "sum(%x) " + attribute, n), 1));
  }
  string x = "f32[2,?,5,7,13]";
  EXPECT_EQ("", differences(function({{"x", x}, {"a", "f32[13]"}}, "scale(%x, %a) {axis = 4}", x), 5));
  EXPECT_EQ("", differences(function({{"x", x}, {"a", "f32[7]"}}, "scale(%x, %a) {axis = 3}", x), 5));
  EXPECT_EQ("", differences(function({{"x", x}}, "sum(%x) {axis = 4}", "f32[13]"), 5));
  EXPECT_EQ("", differences(function({{"x", x}}, "sum(%x) {axis = 2}", "f32[5]"), 5));
  EXPECT_EQ("", differences(function({{"x", "f32[?,33]"}}, "sum(%x) {axis = 1}", "f32[33]"), 700));
}

TEST(Axis, Reduce) {
  for (int64_t c : {1, 13, 64}) {
    const string n = to_string(c), x = "f32[3,?,5," + n + "]";
    for (string kind : {"sum", "mean", "max"}) {
      const string of = "reduce(%x) {axes = [";
      const string as = "], kind = \"" + kind + "\"}";
      EXPECT_EQ("", differences(function({{"x", x}}, of + "0" + as, "f32[?,5," + n + "]"), 3));
      EXPECT_EQ("", differences(function({{"x", x}}, of + "3" + as, "f32[3,?,5]"), 3));
      EXPECT_EQ("", differences(function({{"x", x}}, of + "0, 2" + as, "f32[?," + n + "]"), 3));
      EXPECT_EQ("", differences(function({{"x", x}}, of + "2, 3" + as, "f32[3,?]"), 2));
      EXPECT_EQ("", differences(function({{"x", "f32[" + n + "]"}}, of + "0" + as, "f32[]"), 1));
      if (kind != "mean") {
        EXPECT_EQ("", differences(function({{"x", x}}, of + "1" + as, "f32[3,5," + n + "]"), 3));
        EXPECT_EQ("", differences(function({{"x", x}}, of + "0, 1, 2" + as, "f32[" + n + "]"), 70));
        EXPECT_EQ("", differences(function({{"x", x}}, of + "0, 1, 2, 3" + as, "f32[]"), 5));
      }
      EXPECT_EQ("", differences(function({{"x", "f32[2000,?," + n + "]"}}, of + "0" + as, "f32[?," + n + "]"), 2));
    }
  }
  EXPECT_EQ("", differences(function({{"x", "f32[2,3,2,2,?,2,3,5]"}}, "reduce(%x) {axes = [1, 3, 6], kind = \"sum\"}",
                                     "f32[2,2,?,2,5]"),
                            2));
}

TEST(Axis, Expand) {
  for (int64_t c : {1, 13, 64}) {
    const string n = to_string(c);
    EXPECT_EQ("", differences(function({{"x", "f32[?," + n + "]"}}, "expand(%x) {axes = [0, 2], sizes = [3, 2]}",
                                       "f32[3,?,2," + n + "]"),
                              3));
    EXPECT_EQ("", differences(function({{"x", "f32[?,3]"}}, "expand(%x) {axes = [2], sizes = [" + n + "]}",
                                       "f32[?,3," + n + "]"),
                              3));
    EXPECT_EQ("",
              differences(
                  function({{"x", "f32[" + n + "]"}}, "expand(%x) {axes = [0], sizes = [-1]}", "f32[?," + n + "]"), 5));
  }
  EXPECT_EQ("",
            differences(function({{"x", "f32[]"}}, "expand(%x) {axes = [0, 1], sizes = [-1, 13]}", "f32[?,13]"), 3));
  EXPECT_EQ("", differences(function({{"x", "f32[]"}}, "expand(%x) {axes = [0], sizes = [9]}", "f32[9]"), 1));
}

TEST(Fill, IsTheNumberEverywhere) {
  for (const char* dims : {"[]", "[9]", "[-1]", "[3, -1, 7]", "[-1, 64]", "[2, 3, 1, -1, 2, 1, 5, 3]"}) {
    std::string type = dims;
    for (size_t at; (at = type.find("-1")) != std::string::npos;)
      type.replace(at, 2, "?");
    type.erase(std::remove(type.begin(), type.end(), ' '), type.end());
    EXPECT_EQ("",
              differences(function({}, std::string("fill() {dims = ") + dims + ", value = 0.75}", "f32" + type), 5));
  }
}

TEST(Axis, ReshapeAndPermute) {
  for (string element : {"f32", "i32"}) {
    EXPECT_EQ("", differences(function({{"x", element + "[4,?,6,5]"}}, "reshape(%x) {dims = [2, 2, -1, 5, 3, 2]}",
                                       element + "[2,2,?,5,3,2]"),
                              3));
    EXPECT_EQ("", differences(function({{"x", element + "[4,?,13,33]"}}, "permute(%x) {order = [1, 3, 0, 2]}",
                                       element + "[?,33,4,13]"),
                              3));
    EXPECT_EQ(
        "", differences(function({{"x", element + "[33,7]"}}, "permute(%x) {order = [1, 0]}", element + "[7,33]"), 1));
    EXPECT_EQ("",
              differences(function({{"x", element + "[?,7]"}}, "permute(%x) {order = [1, 0]}", element + "[7,?]"), 5));
  }
  EXPECT_EQ("", differences(function({{"x", "f32[2,3,2,?,2,1,3,5]"}}, "permute(%x) {order = [7, 3, 0, 1, 2, 6, 5, 4]}",
                                     "f32[5,?,2,3,2,3,1,2]"),
                            2));
}

TEST(Axis, ConcatSliceAndPad) {
  for (string element : {"f32", "i32"})
    for (int64_t c : {1, 5, 33}) {
      const string n = to_string(c), more = to_string(c + 9);
      EXPECT_EQ("", differences(function({{"a", element + "[?,2," + n + "]"},
                                          {"b", element + "[?,1," + n + "]"},
                                          {"c", element + "[?,4," + n + "]"}},
                                         "concat(%a, %b, %c) {axis = 1}", element + "[?,7," + n + "]"),
                                3));
      EXPECT_EQ("", differences(function({{"a", element + "[2,?," + n + "]"}, {"b", element + "[2,?,9]"}},
                                         "concat(%a, %b) {axis = 2}", element + "[2,?," + more + "]"),
                                3));
      EXPECT_EQ("", differences(function({{"x", element + "[7,?," + n + "]"}},
                                         "slice(%x) {axis = 0, begin = 2, size = 4}", element + "[4,?," + n + "]"),
                                3));
      EXPECT_EQ("",
                differences(function({{"x", element + "[?," + more + "]"}},
                                     "slice(%x) {axis = 1, begin = 9, size = " + n + "}", element + "[?," + n + "]"),
                            3));
      EXPECT_EQ("", differences(function({{"x", element + "[?,3," + n + "]"}},
                                         "pad(%x) {after = 1, axis = 1, before = 2}", element + "[?,6," + n + "]"),
                                3));
      EXPECT_EQ("", differences(function({{"x", element + "[?," + n + "]"}},
                                         "pad(%x) {after = 4, axis = 1, before = 5}", element + "[?," + more + "]"),
                                3));
    }
}

TEST(Axis, Matmul) {
  struct Product {
    int64_t rows, depth, columns;
  };
  for (const Product p :
       {Product{1, 1, 1}, Product{3, 5, 7}, Product{13, 33, 40}, Product{64, 16, 64}, Product{5, 64, 16}})
    for (bool ta : {false, true})
      for (bool tb : {false, true}) {
        const string a =
            ta ? to_string(p.depth) + "," + to_string(p.rows) : to_string(p.rows) + "," + to_string(p.depth);
        const string b =
            tb ? to_string(p.columns) + "," + to_string(p.depth) : to_string(p.depth) + "," + to_string(p.columns);
        const string y = to_string(p.rows) + "," + to_string(p.columns);
        const string how = string(ta ? "transpose_a = 1" : "") + (ta && tb ? ", " : "") + (tb ? "transpose_b = 1" : "");
        const string text = "matmul(%a, %b)" + (how.empty() ? "" : " {" + how + "}");
        EXPECT_EQ("", differences(function({{"a", "f32[2,?," + a + "]"}, {"b", "f32[2,?," + b + "]"}}, text,
                                           "f32[2,?," + y + "]"),
                                  3))
            << text;
        EXPECT_EQ("",
                  differences(function({{"a", "f32[" + a + "]"}, {"b", "f32[" + b + "]"}}, text, "f32[" + y + "]"), 1))
            << text;
      }
}

// What a pass knows of constants and what the trained program computes of the same numbers: deployed ternary weights
// lie on the same side of their thresholds only when both have the same bits.
TEST(Axis, ConstantSumsAreThoseOfTheKernels) {
  for (auto [rows, channels] : {std::pair(9, 3), std::pair(257, 1), std::pair(576, 64), std::pair(1000, 33),
                                std::pair(2, 1500), std::pair(2, 5000)}) { // long sums run in double
    const string n = to_string(channels), shape = "f32[" + to_string(rows) + "," + n + "]";
    ir::Module module =
        ir::parse("func @f() -> (f32[" + n + "], f32[]) {\n  %w = constant() {name = \"w\"} : " + shape +
                  "\n  %s = sum(%w) {axis = 1} : f32[" + n +
                  "]\n  %m = reduce(%s) {axes = [0], kind = \"mean\"} : f32[]" + "\n  ret(%s, %m)\n}\n");
    std::mt19937 random(rows);
    std::vector<float> numbers(static_cast<size_t>(rows * channels));
    for (float& number : numbers)
      number = std::uniform_real_distribution<float>(0, 1)(random);
    module.constants["w"] = ir::Constant::from_floats({rows, channels}, numbers);
    const ir::Function& f = module.functions[0];
    Tensor operand{f.type(f.ops[0].results[0]), {numbers.begin(), numbers.end()}};
    for (size_t i : {1, 2}) {
      operand = run(f, f.ops[i], 1, {operand}, true)[0];
      const auto known = analysis::known_numbers(module, f, f.ops[i].results[0]);
      ASSERT_TRUE(known.has_value());
      EXPECT_EQ(operand.data, std::vector<double>(known->begin(), known->end())) << shape;
    }
  }
}

} // namespace

} // namespace rvb::kernels
