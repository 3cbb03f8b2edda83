// The values of elementwise operators: every operator has a rule, and it says what the interpreter says.
#include "interpreter.h"
#include "ir/text.h"
#include "ops/ops.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

namespace rvb::tests {

namespace {

// One operation of each, on operands of its kind; more where attributes count.
const char* const operations[] = {
    "add(%a, %b) : f32[7]",
    "sub(%a, %b) : f32[7]",
    "mul(%a, %b) : f32[7]",
    "div(%a, %b) : f32[7]",
    "min(%a, %b) : f32[7]",
    "max(%a, %b) : f32[7]",
    "neg(%a) : f32[7]",
    "abs(%a) : f32[7]",
    "exp(%a) : f32[7]",
    "log(%p) : f32[7]",
    "sqrt(%p) : f32[7]",
    "tanh(%a) : f32[7]",
    "sigmoid(%a) : f32[7]",
    "atan(%a) : f32[7]",
    "softplus(%a) : f32[7]",
    "cos(%a) : f32[7]",
    "floor(%a) : f32[7]",
    "round(%a) : f32[7]",
    "greater_equal(%a, %b) : bool[7]",
    "greater(%a, %b) : bool[7]",
    "less_equal(%a, %b) : bool[7]",
    "less(%a, %b) : bool[7]",
    "logical_and(%m, %n) : bool[7]",
    "logical_or(%m, %n) : bool[7]",
    "logical_not(%m) : bool[7]",
    "select(%m, %a, %b) : f32[7]",
    "step(%a) {surrogate = \"rectangle\", width = 1.0} : f32[7]",
    "sign(%a) : f32[7]",
    "ternary(%a, 0.75) : f32[7]",
    "detach(%a) : f32[7]",
    "quantize(%a) {bits = 32, limit = 100, scale = 10.0} : i32[7]",
    "quantize(%a) {bits = 16, limit = 5, scale = 3.0} : i16[7]",
    "dequantize(%i) {scale = 0.3} : f32[7]",
    "rescale(%i, %j) {shift = 3} : i32[7]",
    "rescale(%i, 5.0) {shift = 0} : i32[7]",
    "saturate(%i) {bits = 32, limit = 9} : i32[7]",
    "saturate(%i) {bits = 16, limit = 3} : i16[7]",
    "add(%i, %j) : i32[7]",
    "neg(%i) : i32[7]",
    "max(%i, %j) : i32[7]",
};

const std::map<std::string, std::vector<double>> values = {
    {"a", {1.0, 2.6f, -2.6f, 0.0, 0.25, -0.75, 11.5}},
    {"b", {1.0, -2.6f, 2.0, 0.5, 0.25, 3.0, -1.0}},
    {"p", {1.0, 2.6f, 0.125, 3.0, 0.25, 0.75, 11.5}},
    {"m", {0, 1, 0, 1, 1, 0, 1}},
    {"n", {1, 1, 0, 0, 1, 0, 0}},
    {"i", {3, -3, 0, 12, -12, 7, 123456789}},
    {"j", {5, 5, -7, 1, 3, -2, 1}},
};

} // namespace

TEST(Values, SayWhatTheInterpreterSays) {
  std::map<ir::Opcode, int> tried;
  for (const char* text : operations) {
    SCOPED_TRACE(text);
    const ir::Module module =
        ir::parse(std::string("func @f(%a: f32[7], %b: f32[7], %p: f32[7], %m: bool[7], %n: bool[7], %i: i32[7], "
                              "%j: i32[7]) -> () { %y = ") +
                  text + " ret() }");
    const ir::Function& function = module.functions[0];
    const ir::Op& op = function.ops[0];
    ++tried[op.opcode];
    std::vector<interpreter::Tensor> operands;
    for (const ir::Operand& operand : op.operands) {
      interpreter::Tensor tensor;
      if (!operand.is_literal())
        tensor.type = function.type(operand.value);
      tensor.data =
          operand.is_literal() ? std::vector<double>{operand.number} : values.at(function.values[operand.value].name);
      operands.push_back(tensor);
    }
    const std::vector<double> expected = interpreter::evaluate(module, function, op, 1, operands)[0].data;
    for (size_t i = 0; i < expected.size(); ++i) {
      double x[3] = {};
      for (size_t k = 0; k < operands.size(); ++k)
        x[k] = operands[k].data[i % operands[k].data.size()];
      const ir::Element element = function.type(op.results[0]).element;
      const std::optional<double> value = ops::evaluate(op, element, x);
      ASSERT_TRUE(value);
      EXPECT_EQ(*value, element == ir::Element::f32 ? static_cast<float>(expected[i]) : expected[i]) << "element " << i;
    }
  }
#define RVB_OPERATOR(name, operands, results, ignored)                                                                 \
  EXPECT_EQ(tried.count(ir::Opcode::name) != 0, ops::meaning(ir::Opcode::name).value != nullptr) << #name;             \
  EXPECT_EQ((ir::info(ir::Opcode::name).traits & ir::elementwise) != 0,                                                \
            ops::meaning(ir::Opcode::name).value != nullptr)                                                           \
      << #name;
#include "ir/operators.def"
#undef RVB_OPERATOR
}

TEST(Values, AreRoundedToTheResult) {
  const ir::Module module = ir::parse("func @f(%x: f32[1], %i: i32[1]) -> () {\n"
                                      "  %q = quantize(%x) {bits = 32, limit = 100, scale = 10.0} : i32[1]\n"
                                      "  %s = add(%i, 1.0) : i32[1]\n  %t = add(%x, 1.0) : f32[1]\n  ret()\n}\n");
  const std::vector<ir::Op>& ops = module.functions[0].ops;
  const double nan = std::nan(""), tiny[2] = {1e-12, 1}, most[2] = {2147483647, 1};
  EXPECT_FALSE(ops::evaluate(ops[0], ir::Element::i32, &nan));
  EXPECT_EQ(ops::evaluate(ops[1], ir::Element::i32, most), -2147483648.0);
  EXPECT_EQ(ops::evaluate(ops[2], ir::Element::f32, tiny), 1.0);
}

} // namespace rvb::tests
