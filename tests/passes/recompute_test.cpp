// recompute: the same numbers to the last bit, fewer bytes alive, limits that hold.
#include "analysis/schedule.h"
#include "analysis/verify.h"
#include "build/pipeline.h"
#include "ir/text.h"
#include "network.h"
#include "passes/passes.h"
#include "passes/recompute.h"
#include "random_module.h"
#include "same.h"

#include <gtest/gtest.h>

namespace {

using namespace rvb;

constexpr int64_t batch = 4;

int64_t peak(const ir::Module& module) {
  return analysis::Schedule(*module.find("gradient"), batch).block().bytes(batch);
}

// The module within the limit, well formed, and bit-identical to the one before in what it computes.
ir::Module within(const ir::Module& before, int64_t bytes) {
  ir::Module after = before;
  const bool changed = passes::recompute(after, {bytes, batch});
  EXPECT_EQ(changed, ir::print(after) != ir::print(before));
  EXPECT_EQ(analysis::verify(after), std::vector<std::string>{});
  passes::run(after, {"dce"}, {});
  EXPECT_LE(peak(after), peak(before));
  return after;
}

TEST(Recompute, RandomModulesComputeTheSame) {
  int changed = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    interpreter::RandomOptions options;
    options.steps = 1 + static_cast<int64_t>(seed % 4);
    options.operations = 40;
    options.name = "gradient";
    ir::Module before = interpreter::random_module(seed, options);
    passes::run(before, {"dce"}, {}); // as in the pipeline
    const ir::Function& f = before.functions[0];
    const std::vector<interpreter::Tensor> arguments = interpreter::random_arguments(f, 2, seed);
    const std::vector<interpreter::Tensor> expected = interpreter::evaluate(before, f, 2, arguments);
    for (const int64_t bytes : {peak(before) * 3 / 4, int64_t{0}}) {
      const ir::Module after = within(before, bytes);
      changed += ir::print(after) != ir::print(before);
      ASSERT_EQ(interpreter::difference(expected, interpreter::evaluate(after, after.functions[0], 2, arguments), 0),
                "")
          << "seed " << seed;
    }
  }
  EXPECT_GT(changed, 50);
}

struct Network {
  const char* name;
  int64_t steps;
  bool sequence, residual;
  double threshold;
};
class Networks : public testing::TestWithParam<Network> {};

TEST_P(Networks, FitTheLimitWithTheSameGradients) {
  tests::Options options;
  options.steps = GetParam().steps;
  options.sequence = GetParam().sequence;
  options.residual = GetParam().residual;
  options.threshold = GetParam().threshold;
  ir::Module before = tests::network(options);
  passes::run(before, build::passes_of(build::training()), {});
  const ir::Function& gradient = *before.find("gradient");
  const int64_t largest = peak(before), smallest = peak(within(before, 0));
  EXPECT_LT(smallest, largest);
  const double work = analysis::work(gradient, batch);
  for (const int64_t percent : {75, 50, 25, 0}) { // of the way down
    const int64_t limit = smallest + (largest - smallest) * percent / 100;
    const ir::Module after = within(before, limit);
    EXPECT_LE(peak(after), limit) << percent;
    EXPECT_EQ(tests::difference(before, gradient, after, *after.find("gradient"), batch, 3), 0) << percent;
    EXPECT_GE(analysis::work(*after.find("gradient"), batch), 0.99 * work) << percent;
  }
}

INSTANTIATE_TEST_SUITE_P(Recompute, Networks,
                         testing::Values(Network{"static", 2, false, true, 0}, Network{"sequence", 3, true, true, 0.25},
                                         Network{"plain", 4, true, false, 0},
                                         Network{"threshold", 2, false, true, 0.5}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Recompute, ReadsItsArgument) {
  EXPECT_EQ(passes::parse_memory_limit("4096@32")->bytes, 4096);
  EXPECT_EQ(passes::parse_memory_limit("4096@32")->batch, 32);
  for (const char* wrong : {"", "@", "4096", "4096@", "@32", "4096@0", "-1@1", "1@2@3", "4 @ 2", "4k@2"})
    EXPECT_FALSE(passes::parse_memory_limit(wrong)) << wrong;
}

} // namespace
