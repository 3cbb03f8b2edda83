// Every gradient rule against finite differences: odd sizes, strides that do not divide, padding, broadcast operands.
#include "gradcheck.h"

#include "ir/text.h"
#include "ops/ops.h"

#include <gtest/gtest.h>

#include <set>

namespace rvb::tests {

namespace {

const GradientCase cases[] = {
    {"add", "func @f(%a: f32[?,3], %b: f32[?,3]) -> (f32[?,3]) { %y = add(%a, %b) : f32[?,3] ret(%y) }"},
    {"add_bias", "func @f(%a: f32[2,?,3], %b: f32[3]) -> (f32[2,?,3]) { %y = add(%a, %b) : f32[2,?,3] ret(%y) }"},
    {"add_scalar", "func @f(%a: f32[], %b: f32[?,3]) -> (f32[?,3]) { %y = add(%a, %b) : f32[?,3] ret(%y) }"},
    {"sub", "func @f(%a: f32[?,3], %b: f32[3]) -> (f32[?,3]) { %y = sub(%a, %b) : f32[?,3] ret(%y) }"},
    {"sub_literal", "func @f(%a: f32[?,3]) -> (f32[?,3]) { %y = sub(1.0, %a) : f32[?,3] ret(%y) }"},
    {"mul", "func @f(%a: f32[?,3], %b: f32[?,3]) -> (f32[?,3]) { %y = mul(%a, %b) : f32[?,3] ret(%y) }"},
    {"mul_channels", "func @f(%a: f32[3], %b: f32[?,2,3]) -> (f32[?,2,3]) { %y = mul(%a, %b) : f32[?,2,3] ret(%y) }"},
    {"mul_scalars", "func @f(%a: f32[], %b: f32[]) -> (f32[]) { %y = mul(%a, %b) : f32[] ret(%y) }"},
    {"mul_vector_scalar", "func @f(%a: f32[], %b: f32[5]) -> (f32[5]) { %y = mul(%a, %b) : f32[5] ret(%y) }"},
    {"div", "func @f(%a: f32[?,3], %b: f32[?,3]) -> (f32[?,3]) { %y = div(%a, %b) : f32[?,3] ret(%y) }", 0.5, 2},
    {"div_channels", "func @f(%a: f32[?,3], %b: f32[3]) -> (f32[?,3]) { %y = div(%a, %b) : f32[?,3] ret(%y) }", 0.5, 2},
    {"min", "func @f(%a: f32[?,7], %b: f32[?,7]) -> (f32[?,7]) { %y = min(%a, %b) : f32[?,7] ret(%y) }"},
    {"min_channels", "func @f(%a: f32[7], %b: f32[?,7]) -> (f32[?,7]) { %y = min(%a, %b) : f32[?,7] ret(%y) }"},
    {"max", "func @f(%a: f32[?,7], %b: f32[?,7]) -> (f32[?,7]) { %y = max(%a, %b) : f32[?,7] ret(%y) }"},
    {"neg", "func @f(%a: f32[?,3]) -> (f32[?,3]) { %y = neg(%a) : f32[?,3] ret(%y) }"},
    {"abs", "func @f(%a: f32[?,9]) -> (f32[?,9]) { %y = abs(%a) : f32[?,9] ret(%y) }"},
    {"exp", "func @f(%a: f32[?,3]) -> (f32[?,3]) { %y = exp(%a) : f32[?,3] ret(%y) }"},
    {"log", "func @f(%a: f32[?,3]) -> (f32[?,3]) { %y = log(%a) : f32[?,3] ret(%y) }", 0.5, 2},
    {"sqrt", "func @f(%a: f32[?,3]) -> (f32[?,3]) { %y = sqrt(%a) : f32[?,3] ret(%y) }", 0.5, 2},
    {"tanh", "func @f(%a: f32[?,3]) -> (f32[?,3]) { %y = tanh(%a) : f32[?,3] ret(%y) }"},
    {"sigmoid", "func @f(%a: f32[?,3]) -> (f32[?,3]) { %y = sigmoid(%a) : f32[?,3] ret(%y) }"},
    {"atan", "func @f(%a: f32[?,3]) -> (f32[?,3]) { %y = atan(%a) : f32[?,3] ret(%y) }"},
    {"cos", "func @f(%a: f32[?,3]) -> (f32[?,3]) { %y = cos(%a) : f32[?,3] ret(%y) }"},
    {"softplus", "func @f(%a: f32[?,3]) -> (f32[?,3]) { %y = softplus(%a) : f32[?,3] ret(%y) }"},
    {"select", "func @f(%c: bool[?,9], %a: f32[?,9], %b: f32[9]) -> (f32[?,9]) {"
               " %y = select(%c, %a, %b) : f32[?,9] ret(%y) }"},
    {"select_literal", "func @f(%c: bool[?,9], %a: f32[?,9]) -> (f32[?,9]) {"
                       " %y = select(%c, 0.0, %a) : f32[?,9] ret(%y) }"},
    {"step_rectangle", "func @f(%x: f32[?,40]) -> (f32[?,40]) {"
                       " %y = step(%x) {surrogate = \"rectangle\", width = 1.5} : f32[?,40] ret(%y) }"},
    {"step_triangle", "func @f(%x: f32[?,40]) -> (f32[?,40]) {"
                      " %y = step(%x) {surrogate = \"triangle\", width = 0.75} : f32[?,40] ret(%y) }"},
    {"step_arctangent", "func @f(%x: f32[?,40]) -> (f32[?,40]) {"
                        " %y = step(%x) {surrogate = \"arctangent\", width = 2.0} : f32[?,40] ret(%y) }"},
    {"step_sigmoid", "func @f(%x: f32[?,40]) -> (f32[?,40]) {"
                     " %y = step(%x) {surrogate = \"sigmoid\", width = 0.25} : f32[?,40] ret(%y) }"},
    {"floor", "func @f(%x: f32[?,40]) -> (f32[?,40]) { %y = floor(%x) : f32[?,40] ret(%y) }"},
    {"round", "func @f(%x: f32[?,40]) -> (f32[?,40]) { %y = round(%x) : f32[?,40] ret(%y) }"},
    {"sign", "func @f(%x: f32[?,40]) -> (f32[?,40]) { %y = sign(%x) {ste = 1.0} : f32[?,40] ret(%y) }"},
    {"sign_narrow", "func @f(%x: f32[?,40]) -> (f32[?,40]) { %y = sign(%x) {ste = 0.5} : f32[?,40] ret(%y) }"},
    {"ternary", "func @f(%x: f32[?,40]) -> (f32[?,40]) { %y = ternary(%x, 0.5) {ste = 1.0} : f32[?,40] ret(%y) }"},
    {"repeat", "func @f(%x: f32[?,5]) -> (f32[3,?,5]) { %y = repeat(%x) {times = 3} : f32[3,?,5] ret(%y) }"},
    {"unflatten", "func @f(%x: f32[2,?,6]) -> (f32[2,?,1,2,3]) {"
                  " %y = unflatten(%x) {size = [1, 2, 3]} : f32[2,?,1,2,3] ret(%y) }"},
    {"sum_time", "func @f(%x: f32[3,?,5]) -> (f32[?,5]) { %y = sum_time(%x) : f32[?,5] ret(%y) }"},
    {"mean_time", "func @f(%x: f32[3,?,5]) -> (f32[?,5]) { %y = mean_time(%x) : f32[?,5] ret(%y) }"},
    {"mean_time_to_scalar", "func @f(%x: f32[3]) -> (f32[]) { %y = mean_time(%x) : f32[] ret(%y) }"},
    {"split_time", "func @f(%x: f32[3,?,5]) -> (f32[?,5], f32[?,5], f32[?,5]) {"
                   " %a, %b, %c = split_time(%x) : f32[?,5], f32[?,5], f32[?,5] ret(%a, %b, %c) }"},
    {"stack_time", "func @f(%a: f32[?,5], %b: f32[?,5]) -> (f32[2,?,5]) {"
                   " %x = stack_time(%a, %b) : f32[2,?,5] ret(%x) }"},
    {"scale_inner", "func @f(%x: f32[?,4,3], %a: f32[3]) -> (f32[?,4,3]) {"
                    " %y = scale(%x, %a) {axis = 2} : f32[?,4,3] ret(%y) }"},
    {"scale_weights", "func @f(%x: f32[3,3,2,5], %a: f32[2]) -> (f32[3,3,2,5]) {"
                      " %y = scale(%x, %a) {axis = 2} : f32[3,3,2,5] ret(%y) }"},
    {"scale_outer", "func @f(%x: f32[4,5], %a: f32[4]) -> (f32[4,5]) {"
                    " %y = scale(%x, %a) {axis = 0} : f32[4,5] ret(%y) }"},
    {"reduce_sum", "func @f(%x: f32[3,?,2,5]) -> (f32[?,5]) {"
                   " %y = reduce(%x) {axes = [0, 2], kind = \"sum\"} : f32[?,5] ret(%y) }"},
    {"reduce_sum_batch", "func @f(%x: f32[3,?,5]) -> (f32[3,5]) {"
                         " %y = reduce(%x) {axes = [1], kind = \"sum\"} : f32[3,5] ret(%y) }"},
    {"reduce_mean", "func @f(%x: f32[3,?,2,5]) -> (f32[3,?]) {"
                    " %y = reduce(%x) {axes = [2, 3], kind = \"mean\"} : f32[3,?] ret(%y) }"},
    {"reduce_max", "func @f(%x: f32[3,?,2,5]) -> (f32[?,2]) {"
                   " %y = reduce(%x) {axes = [0, 3], kind = \"max\"} : f32[?,2] ret(%y) }"},
    {"expand", "func @f(%x: f32[?,3]) -> (f32[2,?,4,3]) {"
               " %y = expand(%x) {axes = [0, 2], sizes = [2, 4]} : f32[2,?,4,3] ret(%y) }"},
    {"expand_batch", "func @f(%x: f32[3]) -> (f32[?,3]) {"
                     " %y = expand(%x) {axes = [0], sizes = [-1]} : f32[?,3] ret(%y) }"},
    {"expand_scalar", "func @f(%x: f32[]) -> (f32[?,3]) {"
                      " %y = expand(%x) {axes = [0, 1], sizes = [-1, 3]} : f32[?,3] ret(%y) }"},
    {"reshape", "func @f(%x: f32[4,?,6]) -> (f32[2,2,?,3,2]) {"
                " %y = reshape(%x) {dims = [2, 2, -1, 3, 2]} : f32[2,2,?,3,2] ret(%y) }"},
    {"permute", "func @f(%x: f32[4,?,2,3]) -> (f32[?,3,4,2]) {"
                " %y = permute(%x) {order = [1, 3, 0, 2]} : f32[?,3,4,2] ret(%y) }"},
    {"concat", "func @f(%a: f32[?,2,3], %b: f32[?,1,3], %c: f32[?,4,3]) -> (f32[?,7,3]) {"
               " %y = concat(%a, %b, %c) {axis = 1} : f32[?,7,3] ret(%y) }"},
    {"slice", "func @f(%x: f32[?,7,3]) -> (f32[?,4,3]) {"
              " %y = slice(%x) {axis = 1, begin = 2, size = 4} : f32[?,4,3] ret(%y) }"},
    {"pad", "func @f(%x: f32[?,3]) -> (f32[?,6]) {"
            " %y = pad(%x) {after = 1, axis = 1, before = 2} : f32[?,6] ret(%y) }"},
    {"matmul", "func @f(%a: f32[?,2,5], %b: f32[?,5,3]) -> (f32[?,2,3]) {"
               " %y = matmul(%a, %b) : f32[?,2,3] ret(%y) }"},
    {"matmul_a", "func @f(%a: f32[?,5,2], %b: f32[?,5,3]) -> (f32[?,2,3]) {"
                 " %y = matmul(%a, %b) {transpose_a = 1} : f32[?,2,3] ret(%y) }"},
    {"matmul_b", "func @f(%a: f32[?,2,5], %b: f32[?,3,5]) -> (f32[?,2,3]) {"
                 " %y = matmul(%a, %b) {transpose_b = 1} : f32[?,2,3] ret(%y) }"},
    {"matmul_both", "func @f(%a: f32[5,2], %b: f32[3,5]) -> (f32[2,3]) {"
                    " %y = matmul(%a, %b) {transpose_a = 1, transpose_b = 1} : f32[2,3] ret(%y) }"},
    {"conv2d_same", "func @f(%x: f32[?,5,4,2], %w: f32[3,3,2,3]) -> (f32[?,5,4,3]) {"
                    " %y = conv2d(%x, %w) {pad = [1, 1], stride = [1, 1]} : f32[?,5,4,3] ret(%y) }"},
    // 2 does not divide 6 + 0 - 3, 3 does not divide 7 + 2 - 2: the last rows and columns feed nothing
    {"conv2d_stride", "func @f(%x: f32[2,?,6,7,2], %w: f32[3,2,2,3]) -> (f32[2,?,2,3,3]) {"
                      " %y = conv2d(%x, %w) {pad = [0, 1], stride = [2, 3]} : f32[2,?,2,3,3] ret(%y) }"},
    {"conv2d_one_by_one", "func @f(%x: f32[?,3,3,4], %w: f32[1,1,4,2]) -> (f32[?,2,2,2]) {"
                          " %y = conv2d(%x, %w) {pad = [0, 0], stride = [2, 2]} : f32[?,2,2,2] ret(%y) }"},
    {"conv2d_depthwise", "func @f(%x: f32[?,4,5,3], %w: f32[3,3,1,3]) -> (f32[?,4,5,3]) {"
                         " %y = conv2d(%x, %w) {groups = 3, pad = [1, 1], stride = [1, 1]} : f32[?,4,5,3] ret(%y) }"},
    {"conv2d_groups", "func @f(%x: f32[2,?,5,4,4], %w: f32[2,3,2,6]) -> (f32[2,?,3,2,6]) {"
                      " %y = conv2d(%x, %w) {dilation = [2, 1], groups = 2, pad = [1, 1], stride = [2, 2]}"
                      " : f32[2,?,3,2,6] ret(%y) }"},
    {"conv2d_dilation",
     "func @f(%x: f32[?,6,7,2], %w: f32[2,3,2,3]) -> (f32[?,4,5,3]) {"
     " %y = conv2d(%x, %w) {dilation = [2, 3], pad = [0, 2], stride = [1, 1]} : f32[?,4,5,3] ret(%y) }"},
    {"conv2d_transposed", "func @f(%x: f32[?,3,2,4], %w: f32[3,2,2,4]) -> (f32[?,6,4,2]) {"
                          " %y = conv2d_input_gradient(%x, %w) {pad = [1, 0], size = [6, 4], stride = [2, 2]}"
                          " : f32[?,6,4,2] ret(%y) }"},
    {"conv2d_wide_pad", "func @f(%x: f32[?,2,2,1], %w: f32[3,3,1,2]) -> (f32[?,6,4,2]) {"
                        " %y = conv2d(%x, %w) {pad = [3, 2], stride = [1, 1]} : f32[?,6,4,2] ret(%y) }"},
    {"linear", "func @f(%x: f32[?,5], %w: f32[5,3]) -> (f32[?,3]) { %y = linear(%x, %w) : f32[?,3] ret(%y) }"},
    {"linear_time", "func @f(%x: f32[2,?,5], %w: f32[5,3]) -> (f32[2,?,3]) {"
                    " %y = linear(%x, %w) : f32[2,?,3] ret(%y) }"},
    {"batchnorm", "func @f(%x: f32[2,?,3,2,3], %gamma: f32[3], %beta: f32[3])"
                  " -> (f32[2,?,3,2,3], f32[3], f32[3], f32[3]) {"
                  " %y, %m, %v, %u = batchnorm(%x, %gamma, %beta) {copies = 1, epsilon = 1e-05}"
                  " : f32[2,?,3,2,3], f32[3], f32[3], f32[3] ret(%y, %m, %v, %u) }"},
    {"batchnorm_copies",
     "func @f(%x: f32[?,5], %gamma: f32[5], %beta: f32[5]) -> (f32[?,5], f32[5], f32[5], f32[5]) {"
     " %y, %m, %v, %u = batchnorm(%x, %gamma, %beta) {copies = 4, epsilon = 0.1}"
     " : f32[?,5], f32[5], f32[5], f32[5] ret(%y, %m, %v, %u) }",
     -1.5, 1.5, 7},
    {"batchnorm_without_batch", "func @f(%x: f32[6,2], %gamma: f32[2], %beta: f32[2])"
                                " -> (f32[6,2], f32[2], f32[2], f32[2]) {"
                                " %y, %m, %v, %u = batchnorm(%x, %gamma, %beta) {epsilon = 0.001}"
                                " : f32[6,2], f32[2], f32[2], f32[2] ret(%y, %m, %v, %u) }"},
    {"avgpool", "func @f(%x: f32[?,4,6,2]) -> (f32[?,2,3,2]) {"
                " %y = avgpool(%x) {kernel = [2, 2], pad = [0, 0], stride = [2, 2]} : f32[?,2,3,2] ret(%y) }"},
    {"avgpool_odd", "func @f(%x: f32[2,?,5,7,2]) -> (f32[2,?,2,8,2]) {"
                    " %y = avgpool(%x) {kernel = [3, 2], pad = [0, 1], stride = [2, 1]} : f32[2,?,2,8,2] ret(%y) }"},
    {"maxpool", "func @f(%x: f32[?,4,6,2]) -> (f32[?,2,3,2]) {"
                " %y = maxpool(%x) {kernel = [2, 2], pad = [0, 0], stride = [2, 2]} : f32[?,2,3,2] ret(%y) }"},
    {"maxpool_overlap", "func @f(%x: f32[?,5,6,2]) -> (f32[?,3,3,2]) {"
                        " %y = maxpool(%x) {kernel = [3, 3], pad = [1, 1], stride = [2, 2]} : f32[?,3,3,2] ret(%y) }"},
    {"global_avgpool", "func @f(%x: f32[2,?,3,5,2]) -> (f32[2,?,2]) {"
                       " %y = global_avgpool(%x) : f32[2,?,2] ret(%y) }"},
    {"flatten", "func @f(%x: f32[2,?,2,3,4]) -> (f32[2,?,24]) { %y = flatten(%x) : f32[2,?,24] ret(%y) }"},
    {"cross_entropy", "func @f(%x: f32[?,3], %l: i32[?]) -> (f32[]) { %y = cross_entropy(%x, %l) : f32[] ret(%y) }",
     -1.5, 1.5, 5},
    {"cross_entropy_smoothing",
     "func @f(%x: f32[?,3], %l: i32[?]) -> (f32[]) {"
     " %y = cross_entropy(%x, %l) {smoothing = 0.2} : f32[] ret(%y) }",
     -1.5, 1.5, 5},
    {"cross_entropy_each_step",
     "func @f(%x: f32[4,?,3], %l: i32[?]) -> (f32[]) {"
     " %y = cross_entropy(%x, %l) {smoothing = 0.1} : f32[] ret(%y) }",
     -1.5, 1.5, 5},
    {"sum_of_steps", "func @f(%x: f32[2,?,3]) -> (f32[2]) { %y = sum(%x) {axis = 0} : f32[2] ret(%y) }"},
    {"sum_inside", "func @f(%x: f32[?,4,3]) -> (f32[4]) { %y = sum(%x) {axis = 1} : f32[4] ret(%y) }"},
    {"sum_vector", "func @f(%x: f32[4]) -> (f32[4]) { %y = sum(%x) {axis = 0} : f32[4] ret(%y) }"},
    {"sum_channels", "func @f(%x: f32[2,?,3]) -> (f32[3]) { %y = sum(%x) {axis = 2} : f32[3] ret(%y) }"},
};

class GradientRule : public testing::TestWithParam<GradientCase> {};

TEST_P(GradientRule, AgreesWithDifferences) {
  for (const GradientFault& fault : check_gradient(GetParam()))
    ADD_FAILURE() << fault.what;
}

INSTANTIATE_TEST_SUITE_P(Ops, GradientRule, testing::ValuesIn(cases),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(GradientRules, EveryOneIsChecked) {
  std::set<std::string> checked{"detach"}; // its gradient is none, on purpose: see below
  for (const GradientCase& test : cases)
    checked.insert(ir::info(ir::parse(test.text).functions[0].ops.back().opcode).name);
  std::set<std::string> rules;
#define RVB_OPERATOR(name, operands, results, traits)                                                                  \
  if (ops::meaning(ir::Opcode::name).gradient != nullptr)                                                              \
    rules.insert(#name);
#include "ir/operators.def"
#undef RVB_OPERATOR
  EXPECT_EQ(checked, rules);
}

// Runs the gradient rule of a function's last operation on given arguments (the upstream gradients last).
std::vector<std::vector<double>> gradients(const char* text, const std::vector<std::vector<double>>& numbers,
                                           const std::vector<size_t>& wanted) {
  ir::Module module = ir::parse(text);
  module.functions.push_back(gradient_function(module.functions[0], {0}, wanted));
  const ir::Function& gradient = module.functions[1];
  std::vector<interpreter::Tensor> arguments;
  for (size_t i = 0; i < numbers.size(); ++i)
    arguments.push_back({interpreter::resolve(gradient.type(gradient.parameters[i]), 1), numbers[i]});
  std::vector<std::vector<double>> results;
  for (const interpreter::Tensor& tensor : interpreter::evaluate(module, gradient, 1, arguments))
    results.push_back(tensor.data);
  return results;
}

using Lists = std::vector<std::vector<double>>;

TEST(GradientRules, TiesGoToTheFirstOperand) {
  EXPECT_EQ(gradients("func @f(%a: f32[3], %b: f32[3]) -> (f32[3]) { %y = max(%a, %b) : f32[3] ret(%y) }",
                      {{1, 2, 0}, {1, 1, 5}, {7, 8, 9}}, {0, 1}),
            (Lists{{7, 8, 0}, {0, 0, 9}}));
  EXPECT_EQ(gradients("func @f(%a: f32[3], %b: f32[3]) -> (f32[3]) { %y = min(%a, %b) : f32[3] ret(%y) }",
                      {{1, 2, 0}, {1, 1, 5}, {7, 8, 9}}, {0, 1}),
            (Lists{{7, 0, 9}, {0, 8, 0}}));
}

TEST(GradientRules, AbsIsFlatAtZero) {
  EXPECT_EQ(
      gradients("func @f(%a: f32[3]) -> (f32[3]) { %y = abs(%a) : f32[3] ret(%y) }", {{-2, 0, 3}, {5, 6, 7}}, {0}),
      (Lists{{-5, 0, 7}}));
}

TEST(GradientRules, SignLetsThroughWithinTheBoundsAndOnThem) {
  EXPECT_EQ(gradients("func @f(%a: f32[5]) -> (f32[5]) { %y = sign(%a) {ste = 1.0} : f32[5] ret(%y) }",
                      {{-1.5, -1, 0, 1, 1.25}, {1, 2, 3, 4, 5}}, {0}),
            (Lists{{0, 2, 3, 4, 0}}));
}

TEST(GradientRules, MaximumOfEqualsIsTheFirst) {
  EXPECT_EQ(gradients("func @f(%x: f32[2,2,1]) -> (f32[1,1,1]) {"
                      " %y = maxpool(%x) {kernel = [2, 2], pad = [0, 0], stride = [2, 2]} : f32[1,1,1] ret(%y) }",
                      {{3, 4, 4, 4}, {9}}, {0}),
            (Lists{{0, 9, 0, 0}}));
}

TEST(GradientRules, DetachStopsTheGradient) {
  ir::Module module = ir::parse("func @f(%a: f32[3]) -> (f32[3]) { %y = detach(%a) : f32[3] ret(%y) }");
  ir::Function& function = module.functions[0];
  ir::Builder builder(function, function.ops, &ops::infer);
  ir::Op op = function.ops[0];
  EXPECT_FALSE(ops::meaning(ir::Opcode::detach).gradient(builder, op, {ir::Operand(op.results[0])})[0].has_value());
}

TEST(GradientRules, LossTakesALiteralUpstream) {
  ir::Module module = ir::parse("func @f(%x: f32[?,3], %l: i32[?]) -> (f32[]) {"
                                " %y = cross_entropy(%x, %l) : f32[] ret(%y) }");
  ir::Function& function = module.functions[0];
  ir::Builder builder(function, function.ops, &ops::infer);
  ir::Op op = function.ops[0];
  ops::Gradients result = ops::meaning(op.opcode).gradient(builder, op, {ir::Operand::literal(1)});
  EXPECT_EQ(function.ops.size(), 2u); // the gradient alone, no product with 1
  EXPECT_EQ(builder.type_of(*result[0]), function.type(op.operands[0].value));
  EXPECT_FALSE(result[1].has_value());
}

TEST(GradientRules, StatisticsCarryNone) {
  ir::Module module = ir::parse("func @f(%x: f32[?,3], %g: f32[3], %b: f32[3]) -> (f32[3]) {"
                                " %y, %m, %v, %u = batchnorm(%x, %g, %b) {epsilon = 0.1}"
                                " : f32[?,3], f32[3], f32[3], f32[3] ret(%m) }");
  ir::Function& function = module.functions[0];
  ir::Builder builder(function, function.ops, &ops::infer);
  ir::Op op = function.ops[0];
  EXPECT_THROW(ops::meaning(op.opcode).gradient(builder, op, {op.results[0], op.results[1], {}, {}}), std::logic_error);
}

} // namespace

} // namespace rvb::tests
