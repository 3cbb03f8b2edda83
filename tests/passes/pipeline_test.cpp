// What the pipelines promise about their result, and that a fault in a pass is reported under its name.
#include "build/pipeline.h"
#include "ir/text.h"
#include "network.h"
#include "passes/passes.h"
#include "support/result.h"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

namespace {

using namespace rvb;
using tests::Neuron;

int count(const ir::Function& function, ir::Opcode opcode) {
  int found = 0;
  for (const ir::Op& op : function.ops)
    found += op.opcode == opcode;
  return found;
}

bool has_time(const ir::Function& function) {
  for (const ir::Op& op : function.ops)
    for (ir::Value result : op.results)
      if (function.type(result).rank() > 1 && function.type(result).dims[1] == ir::batch)
        return true;
  return false;
}

ir::Module trained(const tests::Options& options) {
  ir::Module module = tests::network(options);
  passes::run(module, build::passes_of(build::training()), {});
  return module;
}

TEST(Pipeline, LeavesOnlyScansAndKernels) {
  for (const bool sequence : {false, true}) {
    tests::Options o;
    o.sequence = sequence;
    o.threshold = 0.25;
    for (const ir::Function& function : trained(o).functions)
      for (const ir::Op& op : function.ops)
        if ((ir::info(op.opcode).traits & ir::elementwise) != 0) {
          EXPECT_EQ(function.type(op.results[0]).rank(), 0) << ir::info(op.opcode).name;
        }
  }
}

TEST(Pipeline, CollapsesWhatIsProven) {
  tests::Options o;
  o.steps = 4;
  EXPECT_FALSE(has_time(*trained(o).find("infer")));
  EXPECT_FALSE(has_time(*trained(o).find("gradient")));
  o.threshold = 0.25;
  EXPECT_TRUE(has_time(*trained(o).find("infer")));
  o.steps = 1;
  EXPECT_FALSE(has_time(*trained(o).find("gradient")));
  o.steps = 4;
  o.threshold = 0;
  o.leak = -0.25; // a negative leak turns what is stored positive
  EXPECT_TRUE(has_time(*trained(o).find("infer")));
  o.leak = 0.25;
  o.neuron = Neuron::lif; // proven for the forward pass; the surrogate gradient is another function
  EXPECT_FALSE(has_time(*trained(o).find("infer")));
  EXPECT_TRUE(has_time(*trained(o).find("gradient")));
  o.neuron = Neuron::leaky;
  EXPECT_TRUE(has_time(*trained(o).find("infer")));
}

// Normalisation, residual join and neuron are one scan.
TEST(Pipeline, JoinsTheNeuronWithWhatStandsBeforeIt) {
  tests::Options o;
  o.steps = 3;
  o.threshold = 0.25;
  const ir::Module module = trained(o);
  const ir::Function& infer = *module.find("infer");
  int on_sequences = 0;
  for (const ir::Op& op : infer.ops)
    on_sequences += op.opcode == ir::Opcode::scan && infer.type(op.operands[0].value).rank() > 2 &&
                    infer.type(op.operands[0].value).dims[0] == 3 && op.integer("states") == 1;
  EXPECT_EQ(on_sequences, 6); // stem, first, block 1 (2), block 2 (2)
}

// The backward pass reads convolutions' outputs and gradients; normalised inputs are not kept.
TEST(Pipeline, ComputesCheapValuesAgain) {
  tests::Options o;
  o.residual = false;
  const ir::Module module = trained(o);
  const ir::Function& gradient = *module.find("gradient");
  for (const ir::Op& op : gradient.ops)
    if (op.opcode == ir::Opcode::scan) {
      for (ir::Value result : op.results)
        EXPECT_EQ(gradient.values[result].name.find("scaled"), std::string::npos) << ir::print(gradient);
    }
  // Forward, one scan a neuron emits one tensor.
  EXPECT_EQ(count(gradient, ir::Opcode::moments), 3);
}

TEST(Pipeline, NamesThePassThatBreaksAModule) {
  const ir::Module module = ir::parse("func @train(%image: f32[?,2], %labels: i32[?]) -> (\"logits\" = f32[?,2]) {\n"
                                      "  ret(%image)\n}\n");
  ir::Module copy = module;
  try {
    passes::run(copy, {"differentiate"}, {});
    FAIL() << "no loss, no gradient";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.exit, Exit::internal);
    EXPECT_NE(std::string(failure.what()).find("differentiate"), std::string::npos);
  }
  EXPECT_THROW(passes::run(copy, {"no_such_pass"}, {}), Failure);
}

TEST(Pipeline, PrintsAndTimes) {
  ir::Module module = tests::network({});
  std::ostringstream text;
  passes::RunOptions options;
  options.print_after = {"dce"};
  options.print = &text;
  options.time = true;
  passes::run(module, {"canonicalize", "dce"}, options);
  EXPECT_NE(text.str().find("canonicalize"), std::string::npos);
  EXPECT_NE(text.str().find("// after dce\nfunc @infer"), std::string::npos);
  EXPECT_EQ(text.str().find("// after canonicalize"), std::string::npos);
}

TEST(Pipeline, KnowsItsPasses) {
  std::set<std::string> names;
  for (const passes::Pass& pass : passes::all_passes())
    EXPECT_TRUE(names.insert(pass.name).second);
  for (const std::string& name : build::passes_of(build::training()))
    EXPECT_NE(passes::find_pass(name), nullptr) << name;
  for (const std::string& name : build::passes_of(build::deployment()))
    EXPECT_NE(passes::find_pass(name), nullptr) << name;
}

} // namespace
