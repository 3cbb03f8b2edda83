// Every operator, on sizes that no vector, tile or strip divides: scheduled, bare, and the interpreter.
#include "harness.h"

#include <gtest/gtest.h>

namespace rvb::kernels {

namespace {

using std::string;
using std::to_string;

struct Convolution {
  int64_t h, w, ci, co, kernel, stride, pad, batch;
  string image = "?"; // leading dimensions
};

std::ostream& operator<<(std::ostream& out, const Convolution& c) {
  return out << c.h << "x" << c.w << " " << c.ci << "->" << c.co << " kernel " << c.kernel << " stride " << c.stride
             << " pad " << c.pad << " batch " << c.batch;
}

class Convolutions : public testing::TestWithParam<Convolution> {
protected:
  Convolution c = GetParam();
  int64_t oh = (c.h + 2 * c.pad - c.kernel) / c.stride + 1, ow = (c.w + 2 * c.pad - c.kernel) / c.stride + 1;
  string x = "f32[" + c.image + "," + to_string(c.h) + "," + to_string(c.w) + "," + to_string(c.ci) + "]";
  string y = "f32[" + c.image + "," + to_string(oh) + "," + to_string(ow) + "," + to_string(c.co) + "]";
  string w =
      "f32[" + to_string(c.kernel) + "," + to_string(c.kernel) + "," + to_string(c.ci) + "," + to_string(c.co) + "]";
  string frame = "pad = " + pair(c.pad, c.pad);
  string step = "stride = " + pair(c.stride, c.stride);
};

TEST_P(Convolutions, Forward) {
  EXPECT_EQ("",
            differences(function({{"x", x}, {"w", w}}, "conv2d(%x, %w) {" + frame + ", " + step + "}", y), c.batch));
}

TEST_P(Convolutions, InputGradient) {
  EXPECT_EQ(
      "", differences(
              function({{"g", y}, {"w", w}},
                       "conv2d_input_gradient(%g, %w) {" + frame + ", size = " + pair(c.h, c.w) + ", " + step + "}", x),
              c.batch));
}

TEST_P(Convolutions, WeightGradient) {
  EXPECT_EQ("", differences(function({{"x", x}, {"g", y}},
                                     "conv2d_weight_gradient(%x, %g) {kernel = " + pair(c.kernel, c.kernel) + ", " +
                                         frame + ", " + step + "}",
                                     w),
                            c.batch));
}

TEST_P(Convolutions, Binary) {
  string bits =
      "u32[" + to_string(c.kernel * c.kernel) + "," + to_string((c.ci + 31) / 32) + "," + to_string(c.co) + "]";
  EXPECT_EQ("", differences(function({{"x", x}, {"b", bits}},
                                     "binary_conv2d(%x, %b) {channels = " + pair(c.ci, c.co) +
                                         ", kernel = " + pair(c.kernel, c.kernel) + ", " + frame + ", " + step + "}",
                                     y),
                            c.batch));
}

TEST_P(Convolutions, BinaryUnderAlpha) {
  string bits =
      "u32[" + to_string(c.kernel * c.kernel) + "," + to_string((c.ci + 31) / 32) + "," + to_string(c.co) + "]";
  EXPECT_EQ("", differences(function({{"x", x}, {"b", bits}, {"a", "f32[" + to_string(c.ci) + "]"}},
                                     "binary_conv2d(%x, %b, %a) {channels = " + pair(c.ci, c.co) +
                                         ", kernel = " + pair(c.kernel, c.kernel) + ", " + frame + ", " + step + "}",
                                     y),
                            c.batch));
}

TEST_P(Convolutions, PackSigns) {
  for (bool transposed : {false, true}) {
    int64_t in = transposed ? c.co : c.ci, out = transposed ? c.ci : c.co;
    string bits =
        "u32[" + to_string(c.kernel * c.kernel) + "," + to_string((in + 31) / 32) + "," + to_string(out) + "]";
    EXPECT_EQ(
        "", differences(function({{"w", w}}, string("pack_signs(%w)") + (transposed ? " {transposed = 1}" : ""), bits),
                        c.batch));
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, Convolutions,
                         testing::Values(Convolution{5, 7, 1, 8, 3, 1, 1, 2}, Convolution{5, 7, 3, 13, 3, 1, 1, 1},
                                         Convolution{5, 7, 8, 3, 3, 2, 1, 5}, Convolution{7, 5, 13, 33, 3, 3, 0, 2},
                                         Convolution{5, 7, 33, 64, 3, 1, 1, 2}, Convolution{6, 6, 64, 8, 1, 1, 0, 2},
                                         Convolution{7, 7, 64, 33, 1, 2, 0, 5}, Convolution{9, 5, 8, 16, 5, 1, 2, 1},
                                         Convolution{8, 8, 16, 32, 3, 2, 1, 3}, Convolution{4, 4, 64, 64, 3, 1, 1, 5},
                                         Convolution{14, 14, 32, 64, 3, 1, 1, 2, "2,?"},
                                         Convolution{3, 3, 1, 1, 3, 1, 1, 1}, Convolution{2, 2, 8, 8, 2, 2, 1, 2},
                                         Convolution{5, 6, 3, 8, 4, 3, 2, 2, "3,?"},
                                         Convolution{5, 7, 40, 24, 3, 1, 2, 1},
                                         // The weight gradient of images beyond 64 pixels has another kernel.
                                         Convolution{9, 9, 13, 33, 3, 1, 1, 3}, Convolution{17, 11, 8, 40, 5, 1, 2, 2},
                                         Convolution{23, 19, 3, 24, 3, 2, 1, 5}, Convolution{9, 11, 40, 64, 1, 1, 0, 3},
                                         Convolution{2, 2, 48, 40, 5, 1, 2, 3}));

// Groups and dilation: of one channel a group (vectors run over groups), of few, of a vector's worth.
struct Grouped {
  int64_t h, w, ci, co, groups, kernel, stride, pad, dilation, batch;
};

std::ostream& operator<<(std::ostream& out, const Grouped& c) {
  return out << c.h << "x" << c.w << " " << c.ci << "->" << c.co << " groups " << c.groups << " kernel " << c.kernel
             << " stride " << c.stride << " pad " << c.pad << " dilation " << c.dilation << " batch " << c.batch;
}

class GroupedConvolutions : public testing::TestWithParam<Grouped> {
protected:
  Grouped c = GetParam();
  int64_t span = (c.kernel - 1) * c.dilation + 1;
  int64_t oh = (c.h + 2 * c.pad - span) / c.stride + 1, ow = (c.w + 2 * c.pad - span) / c.stride + 1;
  string x = "f32[?," + to_string(c.h) + "," + to_string(c.w) + "," + to_string(c.ci) + "]";
  string y = "f32[?," + to_string(oh) + "," + to_string(ow) + "," + to_string(c.co) + "]";
  string w = "f32[" + to_string(c.kernel) + "," + to_string(c.kernel) + "," + to_string(c.ci / c.groups) + "," +
             to_string(c.co) + "]";
  string bits = c.groups > 1 ? "u32[" + to_string(c.kernel* c.kernel) + "," + to_string(c.ci / c.groups) + "," +
                                   to_string((c.co + 31) / 32) + "]"
                             : "u32[" + to_string(c.kernel* c.kernel) + "," + to_string((c.ci + 31) / 32) + "," +
                                   to_string(c.co) + "]";
  string apart = (c.dilation > 1 ? "dilation = " + pair(c.dilation, c.dilation) + ", " : "") +
                 (c.groups > 1 ? "groups = " + to_string(c.groups) + ", " : "");
  string frame = "pad = " + pair(c.pad, c.pad);
  string step = "stride = " + pair(c.stride, c.stride);
  string taps = "kernel = " + pair(c.kernel, c.kernel) + ", ";

  void expect_equal(const std::vector<std::pair<string, string>>& parameters, const string& call,
                    const string& result) {
    EXPECT_EQ("", differences(function(parameters, call, result), c.batch));
  }
};

TEST_P(GroupedConvolutions, Forward) {
  expect_equal({{"x", x}, {"w", w}}, "conv2d(%x, %w) {" + apart + frame + ", " + step + "}", y);
}
TEST_P(GroupedConvolutions, InputGradient) {
  expect_equal({{"g", y}, {"w", w}},
               "conv2d_input_gradient(%g, %w) {" + apart + frame + ", size = " + pair(c.h, c.w) + ", " + step + "}", x);
}
TEST_P(GroupedConvolutions, WeightGradient) {
  expect_equal({{"x", x}, {"g", y}}, "conv2d_weight_gradient(%x, %g) {" + apart + taps + frame + ", " + step + "}", w);
}
TEST_P(GroupedConvolutions, Binary) {
  const string element = c.stride == 1 ? "f32" : c.pad == 1 ? "i16" : "i32";
  const string sums = element == "f32" ? "f32" : "i32";
  expect_equal({{"x", element + x.substr(3)}, {"b", bits}},
               "binary_conv2d(%x, %b) {channels = " + pair(c.ci, c.co) + ", " + apart + taps + frame + ", " + step +
                   "}",
               sums + y.substr(3));
}

INSTANTIATE_TEST_SUITE_P(Sizes, GroupedConvolutions,
                         testing::Values(Grouped{13, 11, 19, 19, 19, 7, 1, 3, 1, 2}, // depthwise
                                         Grouped{9, 7, 5, 5, 5, 3, 2, 1, 1, 5},
                                         Grouped{8, 9, 32, 32, 32, 3, 1, 2, 2, 2},   // dilated
                                         Grouped{9, 8, 72, 72, 18, 3, 1, 1, 1, 3},   // few channels a group
                                         Grouped{6, 5, 12, 6, 6, 3, 2, 0, 1, 2},     // one output
                                         Grouped{7, 9, 34, 66, 2, 5, 2, 2, 1, 3},    // many
                                         Grouped{17, 13, 8, 24, 1, 3, 2, 3, 3, 2})); // no groups, dilated

// Neighbours of the transposed signs lie as far apart as there are outputs.
TEST(Signs, FewOutputs) {
  for (int64_t out : {1, 2, 3, 4, 5})
    for (int64_t in : {9, 12, 18, 65}) {
      string w = "f32[1,1," + to_string(in) + "," + to_string(out) + "]", bits = "u32[1,1," + to_string(in) + "]";
      EXPECT_EQ("", differences(function({{"w", w}}, "pack_signs(%w) {transposed = 1}", bits), 1)) << in << "->" << out;
    }
}

struct Matrix {
  int64_t in, out, batch;
};
class Linears : public testing::TestWithParam<Matrix> {
protected:
  Matrix m = GetParam();
  string x = "f32[?," + to_string(m.in) + "]", y = "f32[?," + to_string(m.out) + "]";
  string w = "f32[" + to_string(m.in) + "," + to_string(m.out) + "]";
};

TEST_P(Linears, Forward) {
  EXPECT_EQ("", differences(function({{"x", x}, {"w", w}}, "linear(%x, %w)", y), m.batch));
}
TEST_P(Linears, InputGradient) {
  EXPECT_EQ("", differences(function({{"g", y}, {"w", w}}, "linear_input_gradient(%g, %w)", x), m.batch));
}
TEST_P(Linears, WeightGradient) {
  EXPECT_EQ("", differences(function({{"x", x}, {"g", y}}, "linear_weight_gradient(%x, %g)", w), m.batch));
}
TEST_P(Linears, Binary) {
  string bits = "u32[1," + to_string((m.in + 31) / 32) + "," + to_string(m.out) + "]";
  EXPECT_EQ("", differences(function({{"x", x}, {"b", bits}},
                                     "binary_linear(%x, %b) {channels = " + pair(m.in, m.out) + "}", y),
                            m.batch));
}
INSTANTIATE_TEST_SUITE_P(Sizes, Linears,
                         testing::Values(Matrix{392, 10, 5}, Matrix{33, 1, 2}, Matrix{64, 64, 1}, Matrix{13, 3, 2},
                                         Matrix{1, 8, 5}, Matrix{100, 33, 13}, Matrix{40, 16, 1}));

// More terms than a block has, and some over; more rows than a task has.
TEST(WeightGradientOfManySamples, IsSummedInOrder) {
  EXPECT_EQ(
      "", differences(
              function({{"x", "f32[?,61]"}, {"g", "f32[?,64]"}}, "linear_weight_gradient(%x, %g)", "f32[61,64]"), 515));
}

struct PoolCase {
  int64_t h, w, c, kernel, stride, pad, batch;
};
class Pools : public testing::TestWithParam<PoolCase> {
protected:
  PoolCase p = GetParam();
  int64_t oh = (p.h + 2 * p.pad - p.kernel) / p.stride + 1, ow = (p.w + 2 * p.pad - p.kernel) / p.stride + 1;
  string x = "f32[?," + to_string(p.h) + "," + to_string(p.w) + "," + to_string(p.c) + "]";
  string y = "f32[?," + to_string(oh) + "," + to_string(ow) + "," + to_string(p.c) + "]";
  string window = "kernel = " + pair(p.kernel, p.kernel) + ", pad = " + pair(p.pad, p.pad);
  string step = "stride = " + pair(p.stride, p.stride);
};
TEST_P(Pools, Average) {
  EXPECT_EQ("", differences(function({{"x", x}}, "avgpool(%x) {" + window + ", " + step + "}", y), p.batch));
}
TEST_P(Pools, AverageGradient) {
  EXPECT_EQ(
      "", differences(function({{"g", y}},
                               "avgpool_gradient(%g) {" + window + ", size = " + pair(p.h, p.w) + ", " + step + "}", x),
                      p.batch));
}
TEST_P(Pools, Largest) {
  EXPECT_EQ("", differences(function({{"x", x}}, "maxpool(%x) {" + window + ", " + step + "}", y), p.batch));
}
TEST_P(Pools, WholeNumbers) {
  const string xi = "i32" + x.substr(3), yi = "i32" + y.substr(3);
  for (string pool : {"avgpool", "maxpool"})
    EXPECT_EQ("", differences(function({{"x", xi}}, pool + "(%x) {" + window + ", " + step + "}", yi), p.batch));
}
TEST_P(Pools, LargestGradient) {
  string text = function({{"g", y}, {"x", x}}, "maxpool_gradient(%g, %x) {" + window + ", " + step + "}", x);
  EXPECT_EQ("", differences(text, p.batch));
}
// Ties are frequent where spikes are silent: the first maximum takes the gradient.
TEST_P(Pools, LargestGradientOfTies) {
  string text = "func @f(%g: " + y + ", %x: " + x + ") -> (" + x +
                ") {\n  %s = step(%x) {surrogate = \"rectangle\", width = 1.0} : " + x +
                "\n  %r = maxpool_gradient(%g, %s) {" + window + ", " + step + "} : " + x + "\n  ret(%r)\n}\n";
  EXPECT_EQ("", differences(text, p.batch));
}
INSTANTIATE_TEST_SUITE_P(Sizes, Pools,
                         testing::Values(PoolCase{6, 8, 8, 2, 2, 0, 2}, PoolCase{5, 7, 3, 2, 2, 0, 1},
                                         PoolCase{5, 7, 13, 3, 2, 1, 5}, PoolCase{7, 5, 33, 3, 1, 1, 2},
                                         PoolCase{7, 7, 1, 2, 3, 0, 2}, PoolCase{4, 4, 64, 4, 4, 0, 1},
                                         PoolCase{11, 10, 5, 9, 9, 0, 2}, PoolCase{12, 11, 13, 10, 1, 4, 2}));

TEST(Space, GlobalAverage) {
  for (int64_t c : {1, 8, 13, 64}) {
    string x = "f32[3,?,5,7," + to_string(c) + "]", y = "f32[3,?," + to_string(c) + "]";
    EXPECT_EQ("", differences(function({{"x", x}}, "global_avgpool(%x)", y), 2));
    EXPECT_EQ("", differences(function({{"g", y}}, "global_avgpool_gradient(%g) {size = [5, 7]}", x), 2));
  }
}

TEST(Space, Flatten) {
  for (int64_t c : {1, 3, 8, 33}) {
    string x = "f32[2,?,5,7," + to_string(c) + "]", y = "f32[2,?," + to_string(35 * c) + "]";
    EXPECT_EQ("", differences(function({{"x", x}}, "flatten(%x)", y), 3));
    EXPECT_EQ("", differences(function({{"x", "i32" + x.substr(3)}}, "flatten(%x)", "i32" + y.substr(3)), 3));
    EXPECT_EQ("", differences(function({{"g", y}}, "unflatten(%g) {size = [5, 7, " + to_string(c) + "]}", x), 3));
  }
}

TEST(Time, RepeatAndSums) {
  for (int64_t c : {1, 13, 64}) {
    string x = "f32[?,5," + to_string(c) + "]", y = "f32[3,?,5," + to_string(c) + "]";
    EXPECT_EQ("", differences(function({{"x", x}}, "repeat(%x) {times = 3}", y), 2));
    EXPECT_EQ("", differences(function({{"x", y}}, "sum_time(%x)", x), 2));
    EXPECT_EQ("", differences(function({{"x", y}}, "mean_time(%x)", x), 5));
    string many = "f32[2000,?,5," + to_string(c) + "]";
    EXPECT_EQ("", differences(function({{"x", many}}, "mean_time(%x)", x), 2));
  }
}

TEST(Random, DropoutMask) {
  for (string rate : {"0.0", "0.25", "0.9"})
    for (string dims : {"13", "5, 7, 3"})
      EXPECT_EQ("",
                differences(function({{"k", "i32[2]"}},
                                     "dropout_mask(%k) {dims = [-1, " + dims + "], operation = 7, rate = " + rate + "}",
                                     "f32[?," + dims + "]"),
                            5));
}

TEST(Random, Numbers) {
  for (string dims : {"13", "5, 7, 3"})
    for (string samples : {"-1, ", ""})
      EXPECT_EQ("",
                differences(function({{"k", "i32[2]"}}, "random(%k) {dims = [" + samples + dims + "], operation = 7}",
                                     "f32[" + (samples.empty() ? "" : string("?,")) + dims + "]"),
                            5));
}

TEST(Normalisation, Moments) {
  for (int64_t c : {1, 3, 8, 33, 64}) {
    string x = "f32[2,?,5,7," + to_string(c) + "]", v = "f32[" + to_string(c) + "]";
    EXPECT_EQ("", differences(function({{"x", x}}, "moments(%x) {copies = 2}", v + ", " + v + ", " + v), 5));
    EXPECT_EQ("", differences(function({{"g", x}, {"x", x}, {"m", v}}, "centered_sums(%g, %x, %m)", v + ", " + v), 5));
  }
  EXPECT_EQ("", differences(function({{"x", "f32[?,8]"}}, "moments(%x) {copies = 1}", "f32[8], f32[8], f32[8]"), 1));
}

TEST(Time, SplitAndStack) {
  for (string rest : {"[?,5]", "[?,3,4,33]"}) {
    string x = "f32[3," + rest.substr(1), one = "f32" + rest;
    EXPECT_EQ("", differences(function({{"x", x}}, "split_time(%x)", one + ", " + one + ", " + one), 5));
    EXPECT_EQ("", differences(function({{"a", one}, {"b", one}, {"c", one}}, "stack_time(%a, %b, %c)", x), 5));
  }
  // So many that each is a loop
  string names, types;
  std::vector<std::pair<string, string>> inputs;
  for (int i = 0; i < 20; ++i) {
    inputs.push_back({"x" + to_string(i), "f32[?,8,9]"});
    names += (i == 0 ? "%x" : ", %x") + to_string(i);
    types += i == 0 ? "f32[?,8,9]" : ", f32[?,8,9]";
  }
  EXPECT_EQ("", differences(function({inputs.begin(), inputs.end()}, "stack_time(" + names + ")", "f32[20,?,8,9]"), 5));
  EXPECT_EQ("", differences(function({{"x", "f32[20,?,8,9]"}}, "split_time(%x)", types), 5));
  EXPECT_EQ("", differences(function({{"x", "f32[1,?,5]"}}, "split_time(%x)", "f32[?,5]"), 3));
  EXPECT_EQ("", differences(function({{"x", "f32[?,5]"}}, "stack_time(%x)", "f32[1,?,5]"), 3));
}

TEST(Loss, CrossEntropy) {
  for (int64_t k : {3, 10, 33}) {
    string y = "f32[?," + to_string(k) + "]";
    for (int64_t batch : {1, 5}) {
      EXPECT_EQ("", differences(function({{"y", y}, {"l", "i32[?]"}}, "cross_entropy(%y, %l)", "f32[]"), batch));
      EXPECT_EQ("", differences(function({{"y", y}, {"l", "i32[?]"}}, "cross_entropy_gradient(%y, %l)", y), batch));
      string steps = "f32[3,?," + to_string(k) + "]", smooth = "(%y, %l) {smoothing = 0.1}";
      EXPECT_EQ("", differences(function({{"y", steps}, {"l", "i32[?]"}}, "cross_entropy" + smooth, "f32[]"), batch));
      EXPECT_EQ(
          "", differences(function({{"y", steps}, {"l", "i32[?]"}}, "cross_entropy_gradient" + smooth, steps), batch));
    }
  }
}

TEST(Elementwise, Alone) {
  for (string shape : {"[3,3,5,13]", "[?]", "[13]", "[]", "[?,64]", "[?,9,16]"})
    EXPECT_EQ("", differences(function({{"x", "f32" + shape}}, "sign(%x) {ste = 1.0}", "f32" + shape), 3));
  for (string shape : {"[3,3,5,13]", "[?,64]"})
    EXPECT_EQ(
        "",
        differences(function({{"x", "f32" + shape}, {"d", "f32[]"}}, "ternary(%x, %d) {ste = 1.0}", "f32" + shape), 3));
  for (string shape : {"[2,?,3,8]"}) {
    string f = "f32" + shape, b = "bool" + shape;
    for (string name : {"add", "sub", "mul", "div", "min", "max"})
      EXPECT_EQ("", differences(function({{"x", f}, {"y", f}}, name + "(%x, %y)", f), 3));
    for (string name : {"neg", "abs", "exp", "tanh", "sigmoid", "atan", "cos", "softplus", "floor", "round", "detach"})
      EXPECT_EQ("", differences(function({{"x", f}}, name + "(%x)", f), 3));
    EXPECT_EQ("", differences("func @f(%x: " + f + ") -> (" + f + ", " + f + ") {\n  %a = abs(%x) : " + f +
                                  "\n  %s = sqrt(%a) : " + f + "\n  %b = add(%a, 0.1) : " + f +
                                  "\n  %l = log(%b) : " + f + "\n  ret(%s, %l)\n}\n",
                              3));
    EXPECT_EQ("", differences(function({{"x", f}}, "sign(%x) {ste = 1.0}", f), 3));
    EXPECT_EQ("", differences(function({{"x", f}}, "step(%x) {surrogate = \"sigmoid\", width = 1.0}", f), 3));
    for (string name : {"greater_equal", "greater", "less_equal", "less"})
      EXPECT_EQ("", differences(function({{"x", f}}, name + "(%x, 0.25)", b), 3));
    EXPECT_EQ("", differences("func @f(%x: " + f + ", %y: " + f + ") -> (" + f + ") {\n  %a = less(%x, %y) : " + b +
                                  "\n  %b = greater(%x, 0.0) : " + b + "\n  %c = logical_and(%a, %b) : " + b +
                                  "\n  %d = logical_or(%c, %b) : " + b + "\n  %e = logical_not(%d) : " + b +
                                  "\n  %r = select(%e, %x, 0.5) : " + f + "\n  ret(%r)\n}\n",
                              3));
  }
}

TEST(Elementwise, WholeNumbers) {
  for (string shape : {"[2,?,3,8]", "[?,13]"}) {
    string i = "i32" + shape, b = "bool" + shape;
    for (string name : {"add", "sub", "min", "max"}) {
      EXPECT_EQ("", differences(function({{"x", i}, {"y", i}}, name + "(%x, %y)", i), 3));
      EXPECT_EQ("", differences(function({{"x", i}}, name + "(%x, -7.0)", i), 3));
    }
    for (string name : {"neg", "abs"})
      EXPECT_EQ("", differences(function({{"x", i}}, name + "(%x)", i), 3));
    for (string name : {"greater_equal", "greater", "less_equal", "less"})
      EXPECT_EQ("", differences(function({{"x", i}, {"y", i}}, name + "(%x, %y)", b), 3));
    EXPECT_EQ("", differences(function({{"x", i}, {"f", b}}, "select(%f, %x, 12.0)", i), 3));
    for (string shift : {"7", "31", "32"})
      EXPECT_EQ("", differences(function({{"x", i}, {"m", i}}, "rescale(%x, %m) {shift = " + shift + "}", i), 3));
    for (string by : {"1.0) {shift = 0}", "1.0) {shift = 1}", "1.0) {shift = 9}", "1.0) {shift = 32}",
                      "-3.0) {shift = 0}", "1073741824.0) {shift = 32}", "-1073741824.0) {shift = 17}"})
      EXPECT_EQ("", differences(function({{"x", i}}, "rescale(%x, " + by, i), 3));
    EXPECT_EQ("", differences(function({{"x", i}}, "saturate(%x) {bits = 16, limit = 32767}", "i16" + shape), 3));
    EXPECT_EQ("", differences(function({{"x", i}}, "saturate(%x) {bits = 32, limit = 100000}", i), 3));
    EXPECT_EQ("", differences(function({{"x", i}}, "dequantize(%x) {scale = 0.25}", "f32" + shape), 3));
    // Products end within the limits and beyond them, on both sides.
    for (string bits : {"16", "32"})
      EXPECT_EQ("", differences(function({{"x", "f32" + shape}},
                                         "quantize(%x) {bits = " + bits + ", limit = 1023, scale = 900.0}",
                                         "i" + bits + shape),
                                3));
  }
}

TEST(Elementwise, Broadcast) {
  EXPECT_EQ("", differences(function({{"x", "f32[?,5,13]"}, {"y", "f32[13]"}}, "add(%x, %y)", "f32[?,5,13]"), 3));
  EXPECT_EQ("", differences(function({{"x", "f32[?,5,8]"}, {"y", "f32[]"}}, "mul(%y, %x)", "f32[?,5,8]"), 3));
  EXPECT_EQ("", differences(function({{"x", "f32[?,5,1]"}, {"y", "f32[1]"}}, "sub(%x, %y)", "f32[?,5,1]"), 3));
  EXPECT_EQ("", differences(function({{"x", "f32[64]"}, {"y", "f32[]"}}, "div(%x, %y)", "f32[64]"), 3));
  EXPECT_EQ("", differences(function({{"x", "f32[13]"}}, "mul(%x, %x)", "f32[13]"), 3));
}

} // namespace

} // namespace rvb::kernels
