// The gradients of whole networks against finite differences of the loss, in double precision, with sign and step
// replaced by what they train with (smooth mode).
#include "ir/text.h"
#include "network.h"
#include "passes/passes.h"
#include "recurrent.h"
#include "same.h"

#include <gtest/gtest.h>

#include <cmath>

namespace {

using namespace rvb;
using interpreter::Tensor;
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
  o.leak = 0.4;
  return o;
}

const Named networks[] = {
    {"static1", make(1, false, Neuron::reverb, 0, true, true)},
    {"static3", make(3, false, Neuron::reverb, 0, true, true)},
    {"sequence2", make(2, true, Neuron::reverb, 0, true, false)},
    {"sequence4_threshold", make(4, true, Neuron::reverb, 0.25, true, true)},
    {"static4_threshold", make(4, false, Neuron::reverb, 0.25, true, true)},
    {"soft3", make(3, true, Neuron::reverb_soft, 0.25, true, true)},
    {"lif3", make(3, true, Neuron::lif, 0.3, true, true)},
    {"lif1", make(1, true, Neuron::lif, 0.3, false, true)},
    {"adaptive4", make(4, true, Neuron::adaptive, 0, false, true)},
    {"leaky20", make(20, true, Neuron::leaky, 0, false, true)},
};

class Gradient : public testing::TestWithParam<Named> {};

// @gradient of the passes' result against finite differences of @train's loss. Gives how many numbers were compared,
// and how many of them are not near 0.
std::pair<int, int> compare(const ir::Module& before, const std::vector<std::string>& names) {
  ir::Module module = before;
  passes::run(module, names, {});
  const ir::Function &train = *before.find("train"), &gradient = *module.find("gradient");
  const interpreter::Options smooth{true};
  std::vector<Tensor> arguments = tests::arguments(train, 3, 7, 3);
  const std::vector<Tensor> results = interpreter::evaluate(module, gradient, 3, arguments, smooth);
  auto loss = [&] { return interpreter::evaluate(before, train, 3, arguments, smooth)[0].data[0]; };
  const double h = 1e-6;
  int checked = 0, moved = 0;
  for (size_t p = 2; p < train.parameters.size(); ++p) {
    const std::string name = train.values[train.parameters[p]].name;
    const int at = gradient.result(ir::Role::gradient, name);
    EXPECT_GE(at, 0) << name;
    const Tensor& g = results[static_cast<size_t>(at)];
    std::vector<double>& values = arguments[p].data;
    EXPECT_EQ(g.data.size(), values.size());
    for (size_t i = 0; i < values.size(); i += 1 + values.size() / 5) {
      const double keep = values[i];
      values[i] = keep + h;
      const double up = loss();
      values[i] = keep - h;
      const double down = loss();
      values[i] = keep;
      const double slope = (up - down) / (2 * h);
      EXPECT_NEAR(g.data[i], slope, 1e-6 + 2e-5 * std::fabs(slope)) << name << "[" << i << "]";
      ++checked;
      moved += std::fabs(slope) > 1e-5;
    }
  }
  return {checked, moved};
}

TEST_P(Gradient, IsTheDerivativeOfTheLoss) {
  const auto [checked, moved] = compare(tests::network(GetParam().options), {"differentiate"});
  EXPECT_GT(checked, 40);
  EXPECT_GT(moved, checked / 4); // the network is not dead
}

TEST(LoopGradient, IsTheDerivativeOfTheLoss) {
  for (const interpreter::Recurrent& network : interpreter::recurrent)
    for (const std::vector<std::string>& names : {std::vector<std::string>{"differentiate"},
                                                  {"hoist_loops", "differentiate"},
                                                  {"hoist_loops", "canonicalize", "differentiate", "hoist_loops",
                                                   "canonicalize", "cse", "dce", "fuse", "dce"}}) {
      SCOPED_TRACE(network.name);
      const auto [checked, moved] = compare(ir::parse(network.text), names);
      EXPECT_GT(checked, 10);
      EXPECT_GT(moved, checked / 4);
    }
}

INSTANTIATE_TEST_SUITE_P(Networks, Gradient, testing::ValuesIn(networks),
                         [](const auto& info) { return std::string(info.param.name); });

} // namespace
