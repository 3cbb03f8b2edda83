// Folding alpha and batch normalisation into a network, with numbers of every sign.
#include "analysis/verify.h"
#include "build/pipeline.h"
#include "ir/text.h"
#include "network.h"
#include "passes/deployment/quantize_spikes.h"
#include "passes/fixed/fixed_point.h"
#include "passes/passes.h"
#include "same.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace {

using namespace rvb;
using tests::Neuron;

// Signs of gamma and alpha alternate.
void mixed_signs(const std::string& name, std::vector<float>& values) {
  const bool gamma = name.find("bn") != std::string::npos && name.find(".weight") != std::string::npos;
  if (gamma || name.find(".alpha") != std::string::npos)
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = (i % 2 ? -1.0f : 1.0f) * (0.5f + std::fabs(values[i]));
}

// And one of each is 0.
void with_zeros(const std::string& name, std::vector<float>& values) {
  mixed_signs(name, values);
  const bool gamma = name.find("bn") != std::string::npos && name.find(".weight") != std::string::npos;
  if (gamma || name.find(".alpha") != std::string::npos)
    values[1] = 0;
}

int count(const ir::Module& module, ir::Opcode opcode) {
  int found = 0;
  for (const ir::Function& function : module.functions)
    for (const ir::Op& op : function.ops) {
      found += op.opcode == opcode;
      for (const ir::Body& body : op.body)
        for (const ir::Op& inner : body.ops)
          found += inner.opcode == opcode;
    }
  return found;
}

struct Named {
  const char* name;
  int64_t steps;
  bool sequence;
  double threshold;
  bool residual, average, bias;
  Neuron neuron = Neuron::reverb;
};

const Named networks[] = {
    {"plain", 2, false, 0, false, true, false},
    {"plain_maxpool", 2, false, 0, false, false, false},
    {"plain_threshold", 3, false, 0.25, false, true, false},
    {"plain_sequence", 3, true, 0, false, true, true},
    {"residual", 2, false, 0, true, true, false},
    {"residual_sequence", 3, true, 0, true, true, false},
    {"residual_threshold", 3, true, 0.25, true, true, true},
    {"residual_maxpool", 2, true, 0, true, false, false},
    {"lif", 3, true, 0.3, true, true, false, Neuron::lif},
    {"soft", 3, true, 0, true, true, false, Neuron::reverb_soft},
    {"adaptive", 3, true, 0, false, true, false, Neuron::adaptive},
};

class Deployment : public testing::TestWithParam<std::tuple<Named, tests::Edit>> {
protected:
  ir::Module made() const {
    const Named& n = std::get<0>(GetParam());
    tests::Options o;
    o.steps = n.steps;
    o.sequence = n.sequence;
    o.threshold = n.threshold;
    o.residual = n.residual;
    o.average = n.average;
    o.bias = n.bias;
    o.neuron = n.neuron;
    return tests::with_constants(tests::network(o), 11, std::get<1>(GetParam()));
  }
};

TEST_P(Deployment, EveryPassKeepsTheLogits) {
  const ir::Module before = made();
  ASSERT_EQ(analysis::verify(before), std::vector<std::string>{});
  ir::Module module = before;
  for (const std::string& pass : build::passes_of(build::deployment())) {
    const ir::Module previous = module;
    passes::run(module, {pass}, {});
    // Constants are floats: a few roundings of 2^-24 through seven layers.
    ASSERT_EQ(tests::differs(previous, module, 1e-6), "") << "after " << pass << "\n" << ir::print(module);
  }
  EXPECT_EQ(tests::differs(before, module, 1e-6), "");
}

TEST_P(Deployment, SynapsesAreBits) {
  ir::Module module = made();
  const bool residual = std::get<0>(GetParam()).residual;
  passes::run(module, build::passes_of(build::deployment()), {});
  EXPECT_EQ(count(module, ir::Opcode::binary_conv2d), residual ? 6 : 2);
  EXPECT_EQ(count(module, ir::Opcode::conv2d), 1); // the encoding layer
  EXPECT_EQ(count(module, ir::Opcode::linear), 1); // the classifier
  for (ir::Opcode gone : {ir::Opcode::scale, ir::Opcode::sign, ir::Opcode::batchnorm_inference})
    EXPECT_EQ(count(module, gone), 0);
  // The first layer's scale is in its weights, and only scans and kernels are left.
  for (const ir::Op& op : module.functions[0].ops)
    EXPECT_EQ(ir::info(op.opcode).traits & ir::elementwise, 0u) << ir::info(op.opcode).name;
}

// The passes of deployment's stages from `first` on, before `end`.
std::vector<std::string> stages(const std::string& first, const std::string& end) {
  const std::vector<std::string> passes = build::passes_of(build::part(build::deployment(), first, end));
  EXPECT_FALSE(passes.empty()) << first << " " << end;
  return passes;
}

// The largest spike of every binary layer, as a calibration finds it; the random arguments are those of tests::differs.
passes::Ranges ranges_of(ir::Module module) {
  passes::add_ranges(module);
  const ir::Function& f = *module.find("ranges");
  passes::Ranges ranges;
  for (unsigned seed = 1; seed <= 3; ++seed) {
    const auto results = interpreter::evaluate(module, f, 2, tests::arguments(f, 2, seed));
    for (size_t r = 0; r < results.size(); ++r)
      if (const ir::Port& port = f.result_ports[r]; port.role == ir::Role::range)
        for (double spike : results[r].data)
          ranges[port.name] = std::max(ranges[port.name], std::fabs(spike));
  }
  return ranges;
}

TEST_P(Deployment, WholeNumbersToTheLastNeuron) {
  ir::Module calibrated = made();
  passes::run(calibrated, stages("", "fuse"), {});
  const passes::Ranges ranges = ranges_of(calibrated);
  for (const int64_t bits : {16, 32}) {
    ir::Module whole = calibrated;
    ASSERT_TRUE(passes::quantize_spikes(whole, ranges, bits));
    passes::run(whole, stages("fuse", "fixed point"), {});
    const ir::Module before = whole;
    passes::run(whole, stages("fixed point", ""), {});
    ASSERT_EQ(analysis::verify(whole), std::vector<std::string>{});
    EXPECT_EQ(ir::print(ir::parse(ir::print(whole))), ir::print(whole));
    EXPECT_NE(passes::neurons_in_floating_point(*before.find("infer")), std::vector<std::string>{});
    EXPECT_EQ(passes::neurons_in_floating_point(*whole.find("infer")), std::vector<std::string>{}) << bits << " bits";
    // A spike that falls to the neighbour on its grid is 1 / 1023 of the largest away.
    EXPECT_EQ(tests::differs(before, whole, bits == 16 ? 4e-3 : 2e-5), "") << bits << " bits";
  }
}

// Spikes and membranes far beyond what was calibrated are held, and nothing overflows: the interpreter would say so.
TEST_P(Deployment, WholeNumbersNeverOverflow) {
  ir::Module module = made();
  passes::run(module, stages("", "fuse"), {});
  passes::Ranges ranges = ranges_of(module);
  for (auto& [layer, largest] : ranges)
    largest /= 1000;
  for (const int64_t bits : {16, 32}) {
    ir::Module whole = module;
    passes::quantize_spikes(whole, ranges, bits);
    passes::run(whole, stages("fuse", ""), {});
    const ir::Function& f = *whole.find("infer");
    for (unsigned seed = 1; seed <= 3; ++seed)
      EXPECT_NO_THROW(interpreter::evaluate(whole, f, 2, tests::arguments(f, 2, seed)));
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, Deployment,
                         testing::Combine(testing::ValuesIn(networks),
                                          testing::Values(tests::Edit(nullptr), &mixed_signs, &with_zeros)),
                         [](const auto& info) {
                           const tests::Edit edit = std::get<1>(info.param);
                           return std::string(std::get<0>(info.param).name) + (edit == nullptr        ? "_random"
                                                                               : edit == &mixed_signs ? "_mixed"
                                                                                                      : "_zeros");
                         });

// What 16 bits cost, over many networks instead of one that was lucky. A rounding is at most half a step of the 1021
// that the layer's largest spike is. Where neurons do not jump (reverb at threshold 0), a typical network's logits move
// by less than half a step for every binary layer on the way, nine in ten by less than twice that; the tail is long.
// The same holds with 1023, 1016 or 1003 steps (medians within 8 %), and not with 512.
TEST(Deployment16, LogitsOfManyNetworks) {
  constexpr double half_a_step = 0.5 / 1021;
  for (const bool residual : {false, true}) {
    tests::Options options;
    options.residual = residual;
    const int layers = residual ? 5 : 2; // of binary weights, on the longest way
    std::vector<double> errors;
    for (unsigned seed = 1; seed <= 25; ++seed) {
      ir::Module module = tests::with_constants(tests::network(options), seed, mixed_signs);
      passes::run(module, stages("", "fuse"), {});
      ir::Module whole = module;
      passes::quantize_spikes(whole, ranges_of(module), 16);
      passes::run(whole, stages("fuse", ""), {});
      const ir::Function &f = *module.find("infer"), &g = *whole.find("infer");
      for (unsigned samples = 1; samples <= 3; ++samples) // as calibrated
        errors.push_back(tests::difference(module, f, whole, g, 2, samples));
    }
    std::sort(errors.begin(), errors.end());
    EXPECT_GT(errors.front(), 0);
    EXPECT_LT(errors[errors.size() / 2], layers * half_a_step) << layers;
    EXPECT_LT(errors[errors.size() * 9 / 10], 2 * layers * half_a_step) << layers;
    EXPECT_LT(errors.back(), 8 * layers * half_a_step) << layers;
  }
}

// Without residual joins and with threshold 0, alpha is free: every multiplication left is a scale of batch
// normalisation, one a binary layer.
TEST(FoldAlpha, CostsNothingInAChain) {
  tests::Options o;
  o.residual = false;
  for (const bool average : {true, false}) {
    o.average = average;
    ir::Module module = tests::with_constants(tests::network(o), 5, mixed_signs);
    passes::run(module, build::passes_of(build::deployment()), {});
    EXPECT_EQ(count(module, ir::Opcode::mul), 2) << ir::print(module);
  }
}

// The trap: an activation that also feeds an identity shortcut must not be scaled for the convolution's sake.
TEST(FoldAlpha, LeavesTheOtherReaderAlone) {
  tests::Options o;
  ir::Module module = tests::with_constants(tests::network(o), 5, mixed_signs);
  const ir::Module before = module;
  passes::run(module, {"canonicalize", "collapse_time", "dce", "fold_batchnorm", "fold_alpha"}, {});
  EXPECT_EQ(tests::differs(before, module, 1e-6), "");
  // What the blind fold does instead: the scaled activation for everybody.
  ir::Module blind = module;
  ir::Function& f = blind.functions[0];
  int replaced = 0;
  for (const ir::Op& op : std::vector<ir::Op>(f.ops)) {
    const bool multiplier =
        op.opcode == ir::Opcode::mul && f.values[op.results[0]].name.find(".scaled") != std::string::npos;
    if (!multiplier)
      continue;
    for (ir::Op& other : f.ops)
      if (other.results != op.results)
        for (ir::Operand& operand : other.operands)
          if (operand == op.operands[0] && other.opcode == ir::Opcode::add) {
            operand = ir::Operand(op.results[0]);
            ++replaced;
          }
  }
  ASSERT_GT(replaced, 0);
  ASSERT_EQ(analysis::verify(blind), std::vector<std::string>{});
  EXPECT_GT(tests::difference(before, before.functions[0], blind, blind.functions[0], 2, 1), 1e-3);
}

// Applied where it stands and with the sums in the same order, alpha out of the weights changes no bit: (+-a) x is
// +-(a x). Here with powers of two, so that the sums' roundings agree wherever the factor is applied.
TEST(FoldAlpha, IsExactForPowersOfTwo) {
  tests::Options o;
  o.sequence = true;
  o.steps = 3;
  o.threshold = 0.25;
  const tests::Edit powers = [](const std::string& name, std::vector<float>& values) {
    if (name.find(".alpha") != std::string::npos)
      for (size_t i = 0; i < values.size(); ++i)
        values[i] = (i % 2 ? -1.0f : 1.0f) * std::ldexp(1.0f, static_cast<int>(i) - 2);
  };
  const ir::Module before = tests::with_constants(tests::network(o), 5, powers);
  ir::Module module = before;
  passes::run(module, {"fold_alpha", "pack_weights", "dce"}, {});
  EXPECT_EQ(count(module, ir::Opcode::binary_conv2d), 6);
  for (unsigned seed = 1; seed <= 5; ++seed)
    EXPECT_EQ(tests::difference(before, before.functions[0], module, module.functions[0], 2, seed), 0);
}

} // namespace
