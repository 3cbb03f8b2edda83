// Work grows like the network, counted in visits and kernels, not in seconds.
#include "analysis/fuse_groups.h"
#include "ir/text.h"
#include "kernels/kernels.h"
#include "passes/passes.h"

#include <gtest/gtest.h>

#include <set>

namespace {

using namespace rvb;

// A chain of `layers` synapses, each with some arithmetic that a later one reads again.
ir::Module chain(int layers) {
  std::string text = "func @infer(%x0: f32[?,8], %w: f32[8,8]) -> (f32[?,8]) {\n";
  for (int i = 0; i < layers; ++i) {
    const std::string n = std::to_string(i), next = std::to_string(i + 1);
    text += "  %a" + n + " = abs(%x" + n + ") : f32[?,8]\n  %b" + n + " = mul(%a" + n + ", 0.5) : f32[?,8]\n  %c" + n +
            " = linear(%b" + n + ", %w) : f32[?,8]\n  %x" + next + " = add(%c" + n + ", %a" + n + ") : f32[?,8]\n";
  }
  return ir::parse(text + "  ret(%x" + std::to_string(layers) + ")\n}\n");
}

} // namespace

TEST(Growth, LooksForPathsNearby) {
  const ir::Module small = chain(200), large = chain(400);
  const int64_t few = analysis::Groups(small.functions[0]).visits(),
                many = analysis::Groups(large.functions[0]).visits();
  EXPECT_GT(few, 0);
  EXPECT_LT(many, 3 * few);
}

TEST(Growth, NamesAreUniqueInLargeFunctions) {
  ir::Function first, second;
  for (int i = 0; i < 1000; ++i)
    for (ir::Function* function : {&first, &second})
      function->add_value({}, i % 3 == 0 ? "u" : i % 3 == 1 ? "u.1" : "v" + std::to_string(i));
  std::set<std::string> names;
  for (const ir::ValueInfo& value : first.values)
    names.insert(value.name);
  EXPECT_EQ(names.size(), first.values.size());
  first.values.resize(500); // and others come in their place
  first.values.push_back({{}, "w"});
  first.add_value({}, "w");
  EXPECT_EQ(first.values.back().name, "w.1");
}

// One kernel for neurons that differ in their numbers, whatever their count.
TEST(Growth, NeuronsWithTheirOwnNumbersShareAKernel) {
  std::string text = "func @infer(%x0: f32[4,?,8]) -> (f32[4,?,8]) {\n";
  constexpr int layers = 20;
  for (int i = 0; i < layers; ++i) {
    const std::string n = std::to_string(i), next = std::to_string(i + 1);
    text += "  %x" + next + ", %v" + n + " = scan(%x" + n + ", 0.0) {axis = 0, states = 1} do (%i" + n +
            ": f32[?,8], %u" + n + ": f32[?,8]) {\n    %d" + n + " = mul(%u" + n + ", 0." + std::to_string(10 + i) +
            ") : f32[?,8]\n    %m" + n + " = add(%d" + n + ", %i" + n + ") : f32[?,8]\n    yield(%m" + n + ", %m" + n +
            ")\n  } : f32[4,?,8], f32[?,8]\n";
  }
  ir::Module module = ir::parse(text + "  ret(%x" + std::to_string(layers) + ")\n}\n");
  passes::share_literals(module);
  std::set<std::string> kernels;
  for (const ir::Op& op : module.functions[0].ops)
    if (op.opcode == ir::Opcode::scan)
      kernels.insert(kernels::symbol(module.functions[0], op, targets::host()));
  EXPECT_EQ(kernels.size(), 1u);
}
