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
  void agree(const std::vector<string>& texts, double whole = 0) const {
    for (const string& text : texts)
      EXPECT_EQ("", differences(text, c.batch, whole));
  }
  Convolution c = GetParam();
};

TEST_P(Layers, Sums) {
  agree({sums_text(c, "f32")});
}

TEST_P(Layers, Alpha) {
  agree({alpha_text(c)});
}

TEST_P(Layers, InputGradient) {
  agree(input_gradient_texts(c));
}

TEST_P(Layers, WholeNumbers) {
  for (string spikes : {"i16", "i32"}) {
    agree({sums_text(c, spikes)});
    agree({whole_numbers_text(c, spikes)}, 1.0 / 1000);
  }
}

TEST_P(Layers, WholeNeuron) {
  for (string spikes : {"i16", "i32"})
    agree({whole_neuron_text(c, spikes)});
}

TEST_P(Layers, Residual) {
  agree({residual_text(c)});
}

// A membrane through time, from a number and from a tensor; its last value is read.
TEST_P(Layers, Membrane) {
  if (c.lead == "?")
    GTEST_SKIP() << "no time";
  agree({membrane_text(c, false), membrane_text(c, true)});
}

// Outputs dealt to two tasks, each of which has a part of the membranes.
TEST(Layers, MembranesInParts) {
  const Convolution c{2, 2, 448, 512, 3, 1, 1, 2, "2,?"};
  EXPECT_EQ("", differences(membrane_text(c, false), c.batch));
}

INSTANTIATE_TEST_SUITE_P(Sizes, Layers, testing::ValuesIn(convolutions()));

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
