// The memory model: the block that analysis::Schedule foresees is the block of codegen's plan, to the byte; a limit
// that `recompute` reports as kept is kept by the plan.
#include "analysis/schedule.h"
#include "build/compile.h"
#include "build/pipeline.h"
#include "ir/text.h"
#include "network.h"
#include "passes/passes.h"
#include "passes/recompute.h"
#include "recurrent.h"

#include <gtest/gtest.h>

namespace {

using namespace rvb;

constexpr int64_t batch = 7;

targets::Target target(const std::string& name) {
  targets::Target target;
  EXPECT_TRUE(targets::find_target(name, target));
  return target;
}

std::pair<int64_t, int64_t> planned(const ir::Module& module, const std::string& name) {
  const codegen::Plan plan = codegen::plan(*module.find("gradient"), target(name));
  return {plan.static_bytes, plan.sample_bytes};
}

std::pair<int64_t, int64_t> foreseen(const ir::Module& module) {
  const analysis::Block block = analysis::Schedule(*module.find("gradient"), batch).block();
  return {block.fixed, block.sample};
}

std::vector<ir::Module> networks(bool lookups) {
  build::Facts facts;
  facts.lookups = lookups;
  std::vector<ir::Module> list;
  for (const bool sequence : {false, true})
    for (const bool residual : {false, true})
      for (const double threshold : {0.0, 0.25}) {
        tests::Options options;
        options.steps = 3;
        options.sequence = sequence;
        options.residual = residual;
        options.threshold = threshold;
        list.push_back(tests::network(options));
      }
  for (const interpreter::Recurrent& network : interpreter::recurrent)
    list.push_back(ir::parse(network.text));
  for (ir::Module& module : list)
    passes::run(module, build::passes_of(build::training(), facts), {});
  return list;
}

TEST(MemoryModel, IsThePlans) {
  for (const bool lookups : {false, true})
    for (const ir::Module& module : networks(lookups))
      EXPECT_EQ(foreseen(module), planned(module, lookups ? "avx512" : "generic"));
}

TEST(MemoryModel, LimitsHoldInThePlan) {
  int reached = 0;
  for (const ir::Module& before : networks(true)) {
    const int64_t whole = analysis::Schedule(*before.find("gradient"), batch).block().bytes(batch);
    for (const int64_t percent : {95, 85, 75, 60}) {
      ir::Module after = before;
      const int64_t limit = whole * percent / 100;
      passes::recompute(after, {limit, batch});
      const auto [fixed, sample] = foreseen(after); // before dce has run
      passes::run(after, {"dce", "join_neurons"}, {});
      EXPECT_EQ(std::make_pair(fixed, sample), planned(after, "avx512"));
      EXPECT_EQ(std::make_pair(fixed, sample), foreseen(after));
      reached += fixed + batch * sample <= limit;
    }
  }
  EXPECT_GT(reached, 15);
}

} // namespace
