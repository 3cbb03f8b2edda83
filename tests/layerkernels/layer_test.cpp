// Layers against the interpreter: compiled for a target that this CPU has, loaded, run on random numbers with a canary
// after every result. The same numbers must come out for every target and any number of threads, to the last bit.
#include "layerkernels/layer.h"

#include "analysis/joins.h"
#include "analysis/verify.h"
#include "core/core.h"
#include "interpreter.h"
#include "ir/text.h"
#include "layer_text.h"
#include "loaded_layer.h"
#include "random_module.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace rvb::layerkernels {

namespace {

using interpreter::Tensor;
using std::string;
using std::to_string;

// Empty when everything agrees. The function's first operation is the synapses; a scan may follow.
// `whole` is how far apart integers may be, as a part of the largest: 0 for sums; what a neuron emits may round to
// the neighbour, since the interpreter computes in double precision.
// `loud`: all spikes of 16 bits at their limit and all signs +, so that sums are the largest that there can be.
string differences(const string& text, int64_t batch, double whole = 0, bool loud = false) {
  ir::Module module;
  try {
    module = ir::parse(text);
  } catch (const ir::ParseError& error) {
    return "line " + to_string(error.line) + ": " + error.message + "\n" + text;
  }
  for (const string& fault : analysis::verify(module))
    return fault + "\n" + text;
  const ir::Function& function = module.functions[0];
  const ir::Op* neuron = analysis::neuron_behind(function, function.ops[0]);
  if (neuron == nullptr && function.ops.size() > 1)
    return "the neuron does not join its synapses\n" + text;
  Layer l = layer(function, function.ops[0], neuron);
  std::vector<Tensor> arguments = float_arguments(function, batch);
  for (Tensor& argument : arguments)
    if (loud)
      std::fill(argument.data.begin(), argument.data.end(),
                argument.type.element == ir::Element::i16 ? 1023.0 : 0xffffffffU);
  const std::map<ir::Value, Tensor> values = values_of(function, arguments);
  std::vector<Tensor> expected = interpreter::evaluate(module, function, batch, arguments);
  std::vector<std::vector<uint8_t>> first;
  string report;
  for (const targets::Target& target : targets_here()) {
    LoadedLayer loaded(l, target);
    for (int threads : {1, 2}) {
      rvb_set_threads(threads);
      std::vector<std::vector<uint8_t>> bytes = loaded.run(batch, values);
      std::vector<Tensor> actual = tensors(l, batch, bytes);
      // A result that nobody reads is not stored.
      string what;
      for (size_t i = 0; i < actual.size(); ++i)
        for (size_t r = 0; r < function.results.size(); ++r)
          if (function.results[r].value == outputs_of(l)[i]) {
            bool real = actual[i].type.element == ir::Element::f32;
            what += interpreter::difference({expected[r]}, {actual[i]}, real ? 1e-5 : whole);
          }
      if (!what.empty())
        report += target.name + ", " + to_string(threads) + " threads: " + what + "\n";
      if (first.empty())
        first = bytes;
      else if (first != bytes)
        report += target.name + ", " + to_string(threads) + " threads: other bits\n";
    }
  }
  return report.empty() ? "" : report + text;
}

class Layers : public testing::TestWithParam<Convolution> {
protected:
  Convolution c = GetParam();
  string x = c.input("f32"), y = c.output("f32"), slice = c.output_slice("f32"), bits = c.bits(),
         synapses = c.synapses("f32");
};

TEST_P(Layers, Sums) {
  EXPECT_EQ("", differences(sums_text(x, bits, y, synapses), c.batch));
}

// alpha on the spikes, in training.
TEST_P(Layers, Alpha) {
  string alpha = synapses;
  alpha.replace(alpha.find("%b)"), 3, "%b, %a)");
  EXPECT_EQ("", differences("func @f(%x: " + x + ", %b: " + bits + ", %a: f32[" + to_string(c.in) + "]) -> (" + y +
                                ") {\n" + alpha + "  ret(%r)\n}\n",
                            c.batch));
}

// The gradient by the input, then alpha and a mask.
TEST_P(Layers, InputGradient) {
  string transposed = "u32[" + list({c.kernel * c.kernel, (c.out + 31) / 32, c.in}) + "]";
  string synapse = "  %r = binary_conv2d_input_gradient(%x, %b) {channels = [" + list({c.in, c.out}) + "], kernel = [" +
                   list({c.kernel, c.kernel}) + "], pad = [" + list({c.pad, c.pad}) + "], size = [" + list({c.h, c.w}) +
                   "], stride = [" + list({c.stride, c.stride}) + "]} : " + x + "\n";
  string ci = to_string(c.in), inside = c.input_slice("f32");
  EXPECT_EQ("", differences(sums_text(y, transposed, x, synapse), c.batch));
  EXPECT_EQ("", differences("func @f(%x: " + y + ", %b: " + transposed + ", %a: f32[" + ci + "], %m: " + x + ") -> (" +
                                x + ") {\n" + synapse + "  %o = scan(%r, %m, %a) {axis = 0, invariants = 1} do (%rt: " +
                                inside + ", %mt: " + inside + ", %at: f32[" + ci +
                                "]) {\n    %s = mul(%rt, %at) : " + inside + "\n    %h = greater(%mt, 0.0) : bool" +
                                inside.substr(3) + "\n    %e = select(%h, %s, 0.0) : " + inside +
                                "\n    yield(%e)\n  } : " + x + "\n  ret(%o)\n}\n",
                            c.batch));
}

// Spikes in fixed point: sums of integers, exact; the neuron emits both kinds again.
TEST_P(Layers, WholeNumbers) {
  for (string bits_of : {"16", "32"}) {
    string xi = c.input("i" + bits_of), yi = c.output("i32"), ei = c.output("i" + bits_of), co = to_string(c.out),
           synapse = c.synapses("i32");
    EXPECT_EQ("", differences(sums_text(xi, bits, yi, synapse), c.batch));
    EXPECT_EQ("", differences("func @f(%x: " + xi + ", %b: " + bits + ", %g: f32[" + co + "], %s: " + y +
                                  ", %j: " + yi + ") -> (" + y + ", " + ei + ") {\n" + synapse +
                                  "  %o, %p = scan(%s, %r, %j, %g) {axis = 0, invariants = 1} do (%st: " + slice +
                                  ", %rt: i32" + slice.substr(3) + ", %jt: i32" + slice.substr(3) + ", %gt: f32[" + co +
                                  "]) {\n    %q = dequantize(%rt) {scale = 0.0009765625} : " + slice +
                                  "\n    %k = dequantize(%jt) {scale = 0.00048828125} : " + slice +
                                  "\n    %m = mul(%q, %gt) : " + slice + "\n    %u = add(%m, %st) : " + slice +
                                  "\n    %n = add(%u, %k) : " + slice + "\n    %e = max(%n, 0.0) : " + slice +
                                  "\n    %z = quantize(%e) {bits = " + bits_of + ", limit = 1023, scale = 8.0} : i" +
                                  bits_of + slice.substr(3) + "\n    yield(%e, %z)\n  } : " + y + ", " + ei +
                                  "\n  ret(%o, %p)\n}\n",
                              c.batch, 1.0 / 1000));
  }
}

// The neuron in integers as well: exact.
TEST_P(Layers, WholeNeuron) {
  const bool time = c.lead != "?";
  const string i = "i32" + slice.substr(3), seq = "i32" + y.substr(3), co = to_string(c.out),
               state = time ? ", 0.0" : "";
  for (string bits_of : {"16", "32"}) {
    const string shift = bits_of == "16" ? "11" : "20";
    string text = "func @f(%x: i" + bits_of + x.substr(3) + ", %b: " + bits + ", %g: i32[" + co + "], %s: " + seq +
                  ") -> (i" + bits_of + y.substr(3) + ", " + seq + ", f32" + y.substr(3) + (time ? ", " + i : "") +
                  ") {\n" + c.synapses("i32") + "  %o, %p, %n" + (time ? ", %z" : "") + " = scan(%s, %r, %g" + state +
                  ") {axis = 0, invariants = 1" + (time ? ", states = 1" : "") + "} do (%st: " + i + ", %rt: " + i +
                  ", %gt: i32[" + co + "]" + (time ? ", %v: " + i : "") +
                  ") {\n    %k = rescale(%rt, -1234567.0) {shift = " + shift + "} : " + i +
                  "\n    %m = rescale(%st, %gt) {shift = 1} : " + i + "\n    %h = add(%k, %m) : " + i +
                  (time ? "\n    %l = rescale(%v, 1.0) {shift = 2} : " + i + "\n    %u = sub(%h, %l) : " + i
                        : "\n    %u = max(%h, -2000000.0) : " + i) +
                  "\n    %a = abs(%u) : " + i + "\n    %f = greater(%a, 70000.0) : bool" + slice.substr(3) +
                  "\n    %e = select(%f, %u, 0.0) : " + i + "\n    %j = min(%e, 1000000.0) : " + i +
                  "\n    %q = saturate(%j) {bits = " + bits_of + ", limit = 1023} : i" + bits_of + slice.substr(3) +
                  "\n    %d = dequantize(%j) {scale = 0.0001} : f32" + slice.substr(3) +
                  (time ? "\n    %w = select(%f, 0.0, %u) : " + i : "") + "\n    yield(%q, %j, %d" +
                  (time ? ", %w" : "") + ")\n  } : i" + bits_of + y.substr(3) + ", " + seq + ", f32" + y.substr(3) +
                  (time ? ", " + i : "") + "\n  ret(%o, %p, %n" + (time ? ", %z" : "") + ")\n}\n";
    EXPECT_EQ("", differences(text, c.batch));
  }
}

// A scale and a shift a channel, a residual, two emissions.
TEST_P(Layers, Residual) {
  string co = to_string(c.out);
  EXPECT_EQ("", differences("func @f(%x: " + x + ", %b: " + bits + ", %g: f32[" + co + "], %d: f32[" + co +
                                "], %s: " + y + ") -> (" + y + ", " + y + ") {\n" + synapses +
                                "  %o, %p = scan(%s, %r, %g, %d) {axis = 0, invariants = 2} do (%st: " + slice +
                                ", %rt: " + slice + ", %gt: f32[" + co + "], %dt: f32[" + co + "]) {\n" +
                                "    %m = mul(%rt, %gt) : " + slice + "\n    %a = add(%m, %dt) : " + slice +
                                "\n    %u = add(%a, %st) : " + slice + "\n    %e = max(%u, 0.0) : " + slice +
                                "\n    %q = mul(%e, %gt) : " + slice + "\n    yield(%e, %q)\n  } : " + y + ", " + y +
                                "\n  ret(%o, %p)\n}\n",
                            c.batch));
}

// A membrane through time, from a number and from a tensor; its last value is read.
TEST_P(Layers, Membrane) {
  if (c.lead == "?")
    GTEST_SKIP() << "no time";
  for (bool given : {false, true}) {
    string initial = given ? "%v" : "0.25";
    EXPECT_EQ("", differences("func @f(%x: " + x + ", %b: " + bits + (given ? ", %v: " + slice : "") + ") -> (" + y +
                                  ", " + slice + ") {\n" + synapses + "  %o, %w = scan(%r, " + initial +
                                  ") {axis = 0, states = 1} do (%rt: " + slice + ", %vt: " + slice + ") {\n" +
                                  "    %l = mul(%vt, 0.25) : " + slice + "\n    %u = add(%l, %rt) : " + slice +
                                  "\n    %f = greater_equal(%u, 0.5) : bool" + slice.substr(3) +
                                  "\n    %e = select(%f, %u, 0.0) : " + slice + "\n    %n = select(%f, 0.0, %u) : " +
                                  slice + "\n    yield(%e, %n)\n  } : " + y + ", " + slice + "\n  ret(%o, %w)\n}\n",
                              c.batch));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Sizes, Layers,
    testing::Values(Convolution{5, 7, 1, 8, 3, 1, 1, 2}, Convolution{5, 7, 3, 13, 3, 1, 1, 1},
                    Convolution{5, 7, 8, 3, 3, 2, 1, 5}, Convolution{7, 5, 13, 33, 3, 3, 0, 2},
                    Convolution{5, 7, 33, 64, 3, 1, 1, 2}, Convolution{6, 6, 64, 8, 1, 1, 0, 2},
                    Convolution{7, 7, 64, 33, 1, 2, 0, 5}, Convolution{9, 5, 8, 16, 5, 1, 2, 1},
                    Convolution{4, 4, 64, 64, 3, 1, 1, 13}, Convolution{14, 14, 32, 200, 3, 1, 1, 2, "2,?"},
                    Convolution{3, 3, 1, 1, 3, 1, 1, 1}, Convolution{2, 2, 128, 256, 3, 1, 1, 9, "2,?"},
                    Convolution{5, 6, 3, 8, 4, 3, 2, 2, "3,?"}, Convolution{5, 7, 40, 24, 3, 1, 2, 1},
                    Convolution{33, 32, 64, 64, 3, 1, 1, 1, "2,?"}, Convolution{40, 9, 36, 100, 3, 2, 1, 2, "2,?"}));

} // namespace

TEST(Layers, Linear) {
  EXPECT_EQ("", differences(linear_text(100, 10, "?", "f32"), 1));
  EXPECT_EQ("", differences(linear_text(6272, 130, "?", "f32"), 7));
  EXPECT_EQ("", differences(linear_text(31, 512, "3,?", "f32"), 5));
}

// Where the channels end among the groups of five of a word of weights (avx512_words.cpp).
TEST(Layers, NarrowChannels) {
  for (int channels : {4, 5, 6, 10, 11, 14, 15, 16, 17, 20, 21, 22, 27, 31, 32, 37, 48})
    for (bool limit : {false, true})
      EXPECT_EQ("", differences(linear_text(channels, 40, "?", "i16"), 3, 0, limit)) << channels << " channels";
}

// Sums of so many spikes that no smaller number than one of 32 bits holds them, at the spikes' limit.
TEST(Layers, LargestSums) {
  for (string spikes : {"i16", "i32"}) {
    EXPECT_EQ("", differences(linear_text(4160, 40, "?", spikes), 3));
    EXPECT_EQ("", differences(linear_text(8211, 72, "?", spikes), 9));
  }
  EXPECT_EQ("", differences(linear_text(4160, 40, "?", "i16"), 3, 0, true));
  EXPECT_EQ("", differences(linear_text(8211, 72, "?", "i16"), 9, 0, true));
  string convolution = "func @f(%x: i16[?,3,4,512], %b: u32[9,16,40]) -> (i32[?,3,4,40]) {\n  %r = binary_conv2d(%x, "
                       "%b) {channels = [512, 40], kernel = [3, 3], pad = [1, 1], stride = [1, 1]} : i32[?,3,4,40]\n"
                       "  ret(%r)\n}\n";
  EXPECT_EQ("", differences(convolution, 9));
  EXPECT_EQ("", differences(convolution, 9, 0, true));
}

TEST(Layers, ANeuronJoinsOnlyWhereItCan) {
  auto joins = [](const string& text) {
    ir::Module module = ir::parse(text);
    return analysis::neuron_behind(module.functions[0], module.functions[0].ops[0]) != nullptr;
  };
  string head = "func @f(%x: f32[?,4,4,8], %b: u32[9,1,8]) -> (f32[?,4,4,8]";
  string synapses =
      "  %r = binary_conv2d(%x, %b) {channels = [8, 8], kernel = [3, 3], pad = [1, 1], stride = [1, 1]} : "
      "f32[?,4,4,8]\n";
  auto scan = [](const string& body) {
    return "  %o = scan(%r) {axis = 0} do (%t: f32[4,4,8]) {\n    %e = " + body +
           " : f32[4,4,8]\n    yield(%e)\n  } : f32[?,4,4,8]\n";
  };
  EXPECT_TRUE(joins(head + ") {\n" + synapses + scan("max(%t, 0.0)") + "  ret(%o)\n}\n"));
  EXPECT_FALSE(joins(head + ") {\n" + synapses + scan("exp(%t)") + "  ret(%o)\n}\n")); // needs a library
  EXPECT_FALSE(joins(head + ", f32[?,4,4,8]) {\n" + synapses + scan("max(%t, 0.0)") + "  ret(%o, %r)\n}\n"));
}

} // namespace rvb::layerkernels
