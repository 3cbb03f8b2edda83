// Loops as native code against the interpreter, forwards and backwards, with and without what passes make of them.
#include "build/compile.h"
#include "ir/text.h"
#include "native.h"
#include "passes/passes.h"
#include "recurrent.h"
#include "same.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace {

using namespace rvb;
using interpreter::Tensor;

targets::Target native() {
  targets::Target target;
  EXPECT_TRUE(targets::find_target("native", target));
  return target;
}

void expect_same(const ir::Module& module, const std::string& name, int64_t batch) {
  const ir::Function& function = *module.find(name);
  std::vector<Tensor> arguments = tests::arguments(function, batch, 11);
  for (Tensor& tensor : arguments) // as the program gets them
    for (double& number : tensor.data)
      number = static_cast<float>(number);
  const std::vector<Tensor> expected = interpreter::evaluate(module, function, batch, arguments);
  const std::vector<Tensor> got = tests::Native(module, native()).call(name, batch, arguments);
  ASSERT_EQ(got.size(), expected.size());
  for (size_t r = 0; r < got.size(); ++r) {
    double largest = 1;
    for (double number : expected[r].data)
      largest = std::max(largest, std::fabs(number));
    ASSERT_EQ(got[r].data.size(), expected[r].data.size());
    for (size_t i = 0; i < got[r].data.size(); ++i)
      EXPECT_NEAR(got[r].data[i], expected[r].data[i], 2e-5 * largest) << "result " << r << " [" << i << "]";
  }
}

class Loop : public testing::TestWithParam<interpreter::Recurrent> {};

TEST_P(Loop, ForwardIsTheInterpreters) {
  for (int64_t batch : {1, 3})
    expect_same(ir::parse(GetParam().text), "train", batch);
}

TEST_P(Loop, BackwardIsTheInterpreters) {
  ir::Module module = ir::parse(GetParam().text);
  passes::run(module, {"differentiate", "canonicalize", "dce"}, {});
  expect_same(module, "gradient", 2);
}

TEST_P(Loop, OptimisedIsTheInterpreters) {
  ir::Module module = ir::parse(GetParam().text);
  passes::run(module,
              {"hoist_loops", "canonicalize", "differentiate", "hoist_loops", "canonicalize", "sign_synapses", "cse",
               "dce", "fuse", "canonicalize", "cse", "dce", "share_literals"},
              {});
  for (int64_t batch : {1, 5})
    expect_same(module, "gradient", batch);
}

INSTANTIATE_TEST_SUITE_P(Networks, Loop, testing::ValuesIn(interpreter::recurrent),
                         [](const auto& info) { return std::string(info.param.name); });

// A thousand steps are a loop, not a thousand calls.
TEST(LongLoop, IsPlannedOnce) {
  std::string text = interpreter::recurrent[0].text;
  for (size_t at; (at = text.find("[5,")) != std::string::npos;)
    text.replace(at, 3, "[1000,");
  ir::Module module = ir::parse(text);
  passes::run(module, {"differentiate", "hoist_loops", "canonicalize", "cse", "dce", "fuse", "dce"}, {});
  EXPECT_LT(build::plan_all(module, native())[0].calls.size(), 40U);
  expect_same(module, "gradient", 2);
}

} // namespace
