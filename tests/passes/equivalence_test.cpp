// Every step of the training pipeline leaves what the functions compute as it was.
#include "analysis/verify.h"
#include "build/pipeline.h"
#include "ir/text.h"
#include "network.h"
#include "passes/passes.h"
#include "same.h"

#include <gtest/gtest.h>

namespace {

using namespace rvb;
using tests::Neuron;

struct Named {
  const char* name;
  tests::Options options;
};

tests::Options make(int64_t steps, bool sequence, Neuron neuron, double threshold, bool residual, bool average) {
  tests::Options o;
  o.steps = steps;
  o.sequence = sequence;
  o.neuron = neuron;
  o.threshold = threshold;
  o.residual = residual;
  o.average = average;
  return o;
}

const Named networks[] = {
    {"static1", make(1, false, Neuron::reverb, 0, true, true)},
    {"static4", make(4, false, Neuron::reverb, 0, true, true)},
    {"static4_threshold", make(4, false, Neuron::reverb, 0.25, true, true)},
    {"static1_threshold", make(1, false, Neuron::reverb, 0.25, false, false)},
    {"sequence3", make(3, true, Neuron::reverb, 0.25, true, false)},
    {"sequence1", make(1, true, Neuron::reverb, 0.25, true, false)},
    {"sequence20", make(20, true, Neuron::reverb, 0.25, false, true)},
    {"soft3", make(3, false, Neuron::reverb_soft, 0.25, false, true)},
    {"soft3_zero", make(3, false, Neuron::reverb_soft, 0, false, true)},
    {"lif3", make(3, false, Neuron::lif, 0.3, true, true)},
    {"lif3_zero", make(3, false, Neuron::lif, 0, true, false)},
    {"lif1", make(1, false, Neuron::lif, 0.3, false, false)},
    {"adaptive4", make(4, true, Neuron::adaptive, 0, true, true)},
    {"leaky2", make(2, false, Neuron::leaky, 0, true, true)},
};

class Training : public testing::TestWithParam<Named> {};

TEST_P(Training, EveryPassKeepsResults) {
  const ir::Module before = tests::network(GetParam().options);
  ASSERT_EQ(analysis::verify(before), std::vector<std::string>{});
  ir::Module module = before;
  for (const std::string& pass : build::passes_of(build::training())) {
    const ir::Module previous = module;
    passes::run(module, {pass}, {}); // verifies
    const std::string difference = tests::differs(previous, module, 1e-9);
    ASSERT_EQ(difference, "") << "after " << pass << "\n" << ir::print(previous) << "\n" << ir::print(module);
  }
  EXPECT_EQ(tests::differs(before, module, 1e-9), "");
  EXPECT_EQ(ir::print(ir::parse(ir::print(module))), ir::print(module));
}

// Collapsing time, expanding, fusing and computing again change no gradient: the pipeline's gradients are those of
// plain differentiation through all the steps.
TEST_P(Training, PipelineKeepsGradients) {
  ir::Module plain = tests::network(GetParam().options), module = plain;
  passes::run(plain, {"differentiate"}, {});
  passes::run(module, build::passes_of(build::training()), {});
  const ir::Function &f = *plain.find("gradient"), &g = *module.find("gradient");
  EXPECT_GT(f.result_ports.size(), 10u);
  for (unsigned seed = 1; seed <= 3; ++seed)
    EXPECT_LT(tests::difference(plain, f, module, g, 3, seed, 3), 1e-9);
}

// A second run finds nothing to do that changes what is computed, and the module stays well formed.
TEST_P(Training, PassesMayRunAgain) {
  ir::Module module = tests::network(GetParam().options);
  passes::run(module, build::passes_of(build::training()), {});
  const ir::Module once = module;
  for (const passes::Pass& pass : passes::all_passes())
    passes::run(module, {pass.name}, {});
  EXPECT_EQ(tests::differs(once, module, 1e-9), "");
}

INSTANTIATE_TEST_SUITE_P(Networks, Training, testing::ValuesIn(networks),
                         [](const auto& info) { return std::string(info.param.name); });

} // namespace
