// Random modules before and after every pass and every pipeline, in the interpreter.
#include "analysis/verify.h"
#include "build/pipeline.h"
#include "ir/text.h"
#include "passes/passes.h"
#include "random_module.h"

#include <gtest/gtest.h>

namespace {

using namespace rvb;

constexpr uint64_t seeds = 200;
constexpr int64_t samples = 2;

// What differs between the function before and after, with the module's text for who has to look into it.
std::string differs(const ir::Module& before, const ir::Module& after, uint64_t seed, double tolerance) {
  const ir::Function &f = before.functions[0], &g = after.functions[0];
  const std::vector<interpreter::Tensor> arguments = interpreter::random_arguments(f, samples, seed);
  return interpreter::difference(interpreter::evaluate(before, f, samples, arguments),
                                 interpreter::evaluate(after, g, samples, arguments), tolerance);
}

class RandomModules : public testing::TestWithParam<passes::Pass> {};

TEST_P(RandomModules, ComputeTheSame) {
  // Passes that compute with numbers round them to floats, as the program would; the interpreter does not. The others
  // change nothing but the order of sums.
  const std::string name = GetParam().name;
  const bool rounds = name != "cse" && name != "dce" && name != "fuse" && name != "fuse_and_keep" &&
                      name != "recompute" && name != "pack_weights" && name != "expand_batchnorm" &&
                      name != "infer_shapes" && name != "hoist" && name != "hoist_loops" && name != "share_literals";
  int changed = 0;
  for (uint64_t seed = 0; seed < seeds; ++seed) {
    interpreter::RandomOptions options;
    options.steps = 1 + seed % 4;
    // The only function that the pass changes, or copies.
    options.name = name == "recompute" ? "gradient" : name == "add_ranges" ? "infer" : options.name;
    const ir::Module before = interpreter::random_module(seed, options);
    ir::Module after = before;
    passes::run(after, {name}, {});
    changed += ir::print(after) != ir::print(before);
    ASSERT_EQ(analysis::verify(after), std::vector<std::string>{}) << "seed " << seed;
    ASSERT_EQ(ir::print(ir::parse(ir::print(after))), ir::print(after)) << "seed " << seed;
    ASSERT_EQ(differs(before, after, seed, rounds ? 1e-5 : 1e-9), "") << "seed " << seed << "\n"
                                                                      << ir::print(before) << "becomes\n"
                                                                      << ir::print(after);
  }
  // Nothing to do: in a well-formed module, without @train, with variances that are computed, without whole spikes,
  // with no argument.
  if (name != "infer_shapes" && name != "differentiate" && name != "fold_batchnorm" && name != "fixed_point" &&
      name != "quantize_spikes" && name != "sparse_synapses") {
    EXPECT_GT(changed, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Passes, RandomModules, testing::ValuesIn(passes::all_passes()),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(RandomModules, SurviveThePipelines) {
  for (uint64_t seed = 0; seed < seeds; ++seed) {
    interpreter::RandomOptions options;
    options.steps = 1 + seed % 3;
    options.operations = 40;
    const ir::Module before = interpreter::random_module(seed, options);
    for (const std::vector<std::string>& pipeline :
         {build::passes_of(build::training()), build::passes_of(build::deployment())}) {
      ir::Module after = before;
      passes::run(after, pipeline, {});
      ASSERT_EQ(differs(before, after, seed, 1e-5), "") << "seed " << seed << "\n"
                                                        << ir::print(before) << "becomes\n"
                                                        << ir::print(after);
    }
  }
}

} // namespace
