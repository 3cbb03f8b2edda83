// The type rules: what fits, and what is said when something does not.
#include "analysis/verify.h"
#include "ir/text.h"
#include "ops/ops.h"

#include <gtest/gtest.h>

namespace rvb::tests {

namespace {

struct TypeCase {
  const char* name;
  const char* parameters;
  const char* op;       // right of `=` and left of `:`
  const char* expected; // the result types, or `!` and part of the message
};

// The types of an operation, printed with commas; or the message after a `!`.
std::string types_of(const TypeCase& test) {
  // The parser wants result types; the rule under test is asked anew.
  std::string text = std::string("data @w: f32[2] = [1.0, 2.0]\nfunc @f(") + test.parameters +
                     ") -> () { %y = " + test.op + " : f32[] ret() }";
  ir::Module module;
  try {
    module = ir::parse(text);
  } catch (const ir::ParseError& error) {
    return "does not parse: " + error.message;
  }
  ir::Function& function = module.functions[0];
  std::string message;
  auto types = ops::infer(function, function.ops[0], message);
  if (!types)
    return "!" + message;
  std::string out;
  for (const ir::Type& type : *types)
    out += (out.empty() ? "" : ", ") + ir::print(type);
  return out;
}

const TypeCase cases[] = {
    {"add", "%a: f32[?,3], %b: f32[?,3]", "add(%a, %b)", "f32[?,3]"},
    {"add_channels_first", "%a: f32[3], %b: f32[4,?,3]", "add(%a, %b)", "f32[4,?,3]"},
    {"add_scalar", "%a: f32[], %b: f32[?,3]", "add(%a, %b)", "f32[?,3]"},
    {"add_literals", "", "add(1.0, 2.0)", "f32[]"},
    {"add_other_shape", "%a: f32[?,4], %b: f32[?,3]", "add(%a, %b)", "!f32[?,3] and f32[?,4] do not fit"},
    {"add_wrong_channels", "%a: f32[4], %b: f32[?,3]", "add(%a, %b)", "!do not fit together"},
    {"add_batch_is_no_channel", "%a: f32[?], %b: f32[3,?]", "add(%a, %b)", "!do not fit together"},
    {"add_integers", "%a: i32[3], %b: f32[3]", "add(%a, %b)", "!has type f32[3], expected numbers of one kind"},
    {"add_whole", "%a: i32[?,3], %b: i32[3]", "add(%a, %b)", "i32[?,3]"},
    {"add_whole_literal", "%a: i32[?,3]", "add(%a, 2.0)", "i32[?,3]"},
    {"mul_whole", "%a: i32[?,3]", "mul(%a, 2.0)", "!expected f32"},
    {"rescale", "%a: i32[?,3], %m: i32[3]", "rescale(%a, %m) {shift = 32}", "i32[?,3]"},
    {"rescale_literal", "%a: i32[?,3]", "rescale(%a, 5.0) {shift = 0}", "i32[?,3]"},
    {"rescale_far", "%a: i32[?,3]", "rescale(%a, 5.0) {shift = 33}", "!at most 32"},
    {"rescale_real", "%a: f32[?,3]", "rescale(%a, 5.0) {shift = 1}", "!to be i32"},
    {"rescale_number", "%m: i32[3]", "rescale(5.0, %m) {shift = 1}", "!to be i32"},
    {"rescale_mixed", "%a: i32[?,3], %m: f32[3]", "rescale(%a, %m) {shift = 1}", "!numbers of one kind"},
    {"saturate", "%a: i32[?,3]", "saturate(%a) {bits = 16, limit = 1023}", "i16[?,3]"},
    {"saturate_wide", "%a: i32[?,3]", "saturate(%a) {bits = 32, limit = 65536}", "i32[?,3]"},
    {"saturate_limit", "%a: i32[?,3]", "saturate(%a) {bits = 16, limit = 32768}", "!does not fit into 16 bits"},
    {"saturate_real", "%a: f32[?,3]", "saturate(%a) {bits = 16, limit = 1023}", "!expected i32"},
    {"add_one_operand", "%a: f32[3]", "add(%a)", "!has 1 operands, takes 2"},
    {"add_attribute", "%a: f32[3]", "add(%a, %a) {axis = 1}", "!attribute `axis` is unknown"},
    {"add_body", "%a: f32[3]", "add(%a, %a) do () { yield() }", "!takes no body"},
    {"compare", "%a: f32[?,3]", "greater_equal(%a, 0.0)", "bool[?,3]"},
    {"compare_masks", "%a: bool[?,3]", "less(%a, 0.0)", "!expected numbers"},
    {"compare_whole", "%a: i32[?,3]", "less(%a, 0.0)", "bool[?,3]"},
    {"logical", "%a: bool[?,3], %b: bool[?,3]", "logical_and(%a, %b)", "bool[?,3]"},
    {"logical_not", "%a: f32[3]", "logical_not(%a)", "!expected bool"},
    {"select", "%c: bool[?,3], %a: f32[?,3]", "select(%c, %a, 0.0)", "f32[?,3]"},
    {"select_literals", "%c: bool[?,3]", "select(%c, 1.0, 0.0)", "f32[?,3]"},
    {"select_whole", "%c: bool[?,3], %a: i32[3]", "select(%c, %a, 0.0)", "i32[?,3]"},
    {"select_kinds", "%c: bool[?,3], %a: i32[?,3], %b: f32[?,3]", "select(%c, %a, %b)", "!numbers of one kind"},
    {"select_masks", "%c: bool[?,3], %a: bool[?,3]", "select(%c, %a, %c)", "bool[?,3]"},
    {"select_mixed", "%c: bool[?,3], %a: bool[?,3]", "select(%c, %a, 0.0)", "!expected bool"},
    {"select_real_mask", "%c: f32[?,3]", "select(%c, 1.0, 0.0)", "!expected bool"},
    {"step", "%a: f32[?,3]", "step(%a) {surrogate = \"triangle\", width = 1.0}", "f32[?,3]"},
    {"step_integer_width", "%a: f32[?,3]", "step(%a) {surrogate = \"triangle\", width = 1}", "f32[?,3]"},
    {"step_unknown", "%a: f32[3]", "step(%a) {surrogate = \"cosine\", width = 1.0}", "!\"cosine\" is unknown"},
    {"step_flat", "%a: f32[3]", "step(%a) {surrogate = \"sigmoid\", width = 0.0}", "!a number above 0"},
    {"step_infinite", "%a: f32[3]", "step(%a) {surrogate = \"sigmoid\", width = inf}", "!a number above 0"},
    {"step_vanishing", "%a: f32[3]", "step(%a) {surrogate = \"sigmoid\", width = 1e-60}", "!a number above 0"},
    {"sign", "%a: f32[3]", "sign(%a)", "f32[3]"},
    {"sign_negative", "%a: f32[3]", "sign(%a) {ste = -1.0}", "!a number above 0"},
    {"repeat", "%x: f32[?,3]", "repeat(%x) {times = 4}", "f32[4,?,3]"},
    {"repeat_none", "%x: f32[?,3]", "repeat(%x) {times = 0}", "!each at least 1"},
    {"repeat_literal", "", "repeat(1.0) {times = 2}", "!takes values, not numbers"},
    {"repeat_missing", "%x: f32[?,3]", "repeat(%x)", "!`times` is missing"},
    {"repeat_too_large", "%x: f32[?,2147483648]", "repeat(%x) {times = 1024}", "!more than 2^40 elements"},
    {"repeat_too_deep", "%x: f32[1,1,1,1,1,1,1,1]", "repeat(%x) {times = 1}", "!more than 8 dimensions"},
    {"sum_time", "%x: f32[4,?,3]", "sum_time(%x)", "f32[?,3]"},
    {"mean_time_of_batch", "%x: f32[?,3]", "mean_time(%x)", "!has no time axis"},
    {"scale", "%x: f32[3,3,2,5], %a: f32[2]", "scale(%x, %a) {axis = 2}", "f32[3,3,2,5]"},
    {"scale_wrong", "%x: f32[3,3,2,5], %a: f32[5]", "scale(%x, %a) {axis = 2}", "!expected f32[2]"},
    {"scale_batch", "%x: f32[?,2], %a: f32[2]", "scale(%x, %a) {axis = 0}", "!axis 0 is the batch"},
    {"sum", "%x: f32[3,?,2,5]", "sum(%x) {axis = 3}", "f32[5]"},
    {"sum_beyond", "%x: f32[3,5]", "sum(%x) {axis = 2}", "!axis 2 is the batch, or not there"},
    {"reduce", "%x: f32[4,?,2,5]", "reduce(%x) {axes = [0, 3], kind = \"mean\"}", "f32[?,2]"},
    {"reduce_batch", "%x: f32[4,?,2]", "reduce(%x) {axes = [1], kind = \"sum\"}", "f32[4,2]"},
    {"reduce_all", "%x: f32[3]", "reduce(%x) {axes = [0], kind = \"max\"}", "f32[]"},
    {"reduce_mean_of_batch", "%x: f32[?,2]", "reduce(%x) {axes = [0], kind = \"mean\"}", "!a mean over the batch"},
    {"reduce_kind", "%x: f32[?,2]", "reduce(%x) {axes = [1], kind = \"product\"}", "!\"product\" is unknown"},
    {"reduce_none", "%x: f32[?,2]", "reduce(%x) {axes = [], kind = \"sum\"}", "!different axes below 2"},
    {"reduce_twice", "%x: f32[?,2]", "reduce(%x) {axes = [1, 1], kind = \"sum\"}", "!in rising order"},
    {"reduce_falling", "%x: f32[?,2]", "reduce(%x) {axes = [1, 0], kind = \"sum\"}", "!in rising order"},
    {"reduce_beyond", "%x: f32[?,2]", "reduce(%x) {axes = [2], kind = \"sum\"}", "!different axes below 2"},
    {"reduce_scalar", "%x: f32[]", "reduce(%x) {axes = [0], kind = \"sum\"}", "!at least 1 dimensions"},
    {"expand", "%x: f32[?,2]", "expand(%x) {axes = [0, 2], sizes = [4, 3]}", "f32[4,?,3,2]"},
    {"expand_scalar", "%x: f32[]", "expand(%x) {axes = [0, 1], sizes = [-1, 3]}", "f32[?,3]"},
    {"expand_two_batches", "%x: f32[?,2]", "expand(%x) {axes = [0], sizes = [-1]}", "!two batch dimensions"},
    {"expand_nothing", "%x: f32[2]", "expand(%x) {axes = [0], sizes = [0]}", "!one extent for each"},
    {"expand_uneven", "%x: f32[2]", "expand(%x) {axes = [0], sizes = [2, 3]}", "!one extent for each"},
    {"expand_beyond", "%x: f32[2]", "expand(%x) {axes = [2], sizes = [2]}", "!different axes below 2"},
    {"expand_too_deep", "%x: f32[1,1,1,1,1,1,1,1]", "expand(%x) {axes = [0], sizes = [2]}", "!more than 8 dimensions"},
    {"reshape", "%x: f32[4,?,6,5]", "reshape(%x) {dims = [2, 2, -1, 30]}", "f32[2,2,?,30]"},
    {"reshape_whole", "%x: i32[?,6]", "reshape(%x) {dims = [-1, 2, 3]}", "i32[?,2,3]"},
    {"reshape_parameter", "%x: f32[6,5]", "reshape(%x) {dims = [30]}", "f32[30]"},
    {"reshape_moves_batch", "%x: f32[4,?,5]", "reshape(%x) {dims = [-1, 20]}", "!before or after the batch"},
    {"reshape_loses_batch", "%x: f32[?,5]", "reshape(%x) {dims = [5]}", "!before or after the batch"},
    {"reshape_count", "%x: f32[?,5]", "reshape(%x) {dims = [-1, 4]}", "!before or after the batch"},
    {"reshape_zero", "%x: f32[?,5]", "reshape(%x) {dims = [-1, 0]}", "!the result would have"},
    {"permute", "%x: f32[4,?,2,5]", "permute(%x) {order = [1, 3, 0, 2]}", "f32[?,5,4,2]"},
    {"permute_scalar", "%x: f32[]", "permute(%x) {order = []}", "f32[]"},
    {"permute_twice", "%x: f32[4,?]", "permute(%x) {order = [0, 0]}", "!every axis of f32[4,?] once"},
    {"permute_short", "%x: f32[4,?]", "permute(%x) {order = [0]}", "!every axis of f32[4,?] once"},
    {"concat", "%a: f32[?,2,5], %b: f32[?,3,5]", "concat(%a, %b) {axis = 1}", "f32[?,5,5]"},
    {"concat_one", "%a: f32[?,2]", "concat(%a) {axis = 1}", "f32[?,2]"},
    {"concat_nothing", "", "concat() {axis = 0}", "!nothing to be joined"},
    {"concat_batch", "%a: f32[?,2]", "concat(%a, %a) {axis = 0}", "!axis 0 of f32[?,2] is the batch"},
    {"concat_other", "%a: f32[?,2,5], %b: f32[?,3,4]", "concat(%a, %b) {axis = 1}", "!differ in other axes than 1"},
    {"concat_kinds", "%a: f32[?,2], %b: i32[?,2]", "concat(%a, %b) {axis = 1}", "!differ in other axes"},
    {"slice", "%x: f32[?,7]", "slice(%x) {axis = 1, begin = 2, size = 5}", "f32[?,5]"},
    {"slice_beyond", "%x: f32[?,7]", "slice(%x) {axis = 1, begin = 3, size = 5}", "!elements 3 to 8 of 7"},
    {"slice_nothing", "%x: f32[?,7]", "slice(%x) {axis = 1, begin = 3, size = 0}", "!each at least 1"},
    {"pad", "%x: f32[?,7,2]", "pad(%x) {after = 0, axis = 1, before = 3}", "f32[?,10,2]"},
    {"pad_negative", "%x: f32[?,7]", "pad(%x) {after = 0, axis = 1, before = -1}", "!`before`"},
    {"dropout_mask", "%k: i32[2]", "dropout_mask(%k) {dims = [-1, 4, 3], operation = 7, rate = 0.25}", "f32[?,4,3]"},
    {"random", "%k: i32[2]", "random(%k) {dims = [-1, 4, 3], operation = 7}", "f32[?,4,3]"},
    {"random_of_all", "%k: i32[2]", "random(%k) {dims = [4, 3], operation = 7}", "f32[4,3]"},
    {"random_time", "%k: i32[2]", "random(%k) {dims = [2, -1], operation = 7}", "!the batch is to be the first"},
    {"index", "%k: i32[2]", "index() {size = 5}", "f32[5]"},
    {"index_none", "%k: i32[2]", "index() {size = 0}", "!size"},
    {"dropout_mask_all", "%k: i32[2]", "dropout_mask(%k) {dims = [-1, 4], operation = 7, rate = 1.0}", "!below 1"},
    {"dropout_mask_key", "%k: i32[3]", "dropout_mask(%k) {dims = [-1, 4], operation = 7, rate = 0.5}",
     "!expected i32[2]"},
    {"dropout_mask_time", "%k: i32[2]", "dropout_mask(%k) {dims = [2, -1], operation = 7, rate = 0.5}",
     "!is to be the batch"},
    {"matmul", "%a: f32[4,?,2,5], %b: f32[4,?,5,3]", "matmul(%a, %b)", "f32[4,?,2,3]"},
    {"matmul_transposed", "%a: f32[?,5,2], %b: f32[?,3,5]", "matmul(%a, %b) {transpose_a = 1, transpose_b = 1}",
     "f32[?,2,3]"},
    {"matmul_matrices", "%a: f32[2,5], %b: f32[5,3]", "matmul(%a, %b)", "f32[2,3]"},
    {"matmul_depth", "%a: f32[?,2,5], %b: f32[?,4,3]", "matmul(%a, %b)", "!5 columns meet 4 rows"},
    {"matmul_leading", "%a: f32[?,2,5], %b: f32[5,3]", "matmul(%a, %b)", "!differ in their leading dimensions"},
    {"matmul_batch", "%a: f32[2,?], %b: f32[?,3]", "matmul(%a, %b)", "!the batch not among the last 2"},
    {"conv2d", "%x: f32[4,?,32,31,3], %w: f32[3,5,3,64]", "conv2d(%x, %w) {pad = [1, 2], stride = [2, 1]}",
     "f32[4,?,16,31,64]"},
    {"conv2d_channels", "%x: f32[?,8,8,3], %w: f32[3,3,4,2]", "conv2d(%x, %w) {pad = [1, 1], stride = [1, 1]}",
     "!has 3 channels, the kernel takes 4"},
    {"conv2d_small", "%x: f32[?,2,8,3], %w: f32[3,3,3,2]", "conv2d(%x, %w) {pad = [0, 0], stride = [1, 1]}",
     "!a kernel of 3 does not fit into 2"},
    {"conv2d_stride_zero", "%x: f32[?,8,8,3], %w: f32[3,3,3,2]", "conv2d(%x, %w) {pad = [0, 0], stride = [0, 1]}",
     "!`stride` is to be a pair of integers, each at least 1"},
    {"conv2d_pad_negative", "%x: f32[?,8,8,3], %w: f32[3,3,3,2]", "conv2d(%x, %w) {pad = [0, -1], stride = [1, 1]}",
     "!`pad`"},
    {"conv2d_pad_huge", "%x: f32[?,8,8,3], %w: f32[3,3,3,2]",
     "conv2d(%x, %w) {pad = [9223372036854775807, 0], stride = [1, 1]}", "!`pad`"},
    {"conv2d_too_large", "%x: f32[?,8,8,3], %w: f32[3,3,3,2]",
     "conv2d(%x, %w) {pad = [2147483648, 2147483648], stride = [1, 1]}", "!out of range"},
    {"conv2d_floats", "%x: f32[?,8,8,3], %w: f32[3,3,3,2]", "conv2d(%x, %w) {pad = [0.5, 1], stride = [1, 1]}",
     "!`pad`"},
    {"conv2d_batch_height", "%x: f32[?,8,3], %w: f32[3,3,3,2]", "conv2d(%x, %w) {pad = [1, 1], stride = [1, 1]}",
     "!the batch not among the last 3"},
    {"conv2d_groups", "%x: f32[?,8,9,6], %w: f32[3,3,2,12]",
     "conv2d(%x, %w) {dilation = [2, 1], groups = 3, pad = [1, 1], stride = [1, 1]}", "f32[?,6,9,12]"},
    {"conv2d_groups_in", "%x: f32[?,8,8,6], %w: f32[3,3,6,12]",
     "conv2d(%x, %w) {groups = 3, pad = [1, 1], stride = [1, 1]}", "!the tensor has 6 channels, the kernel takes 18"},
    {"conv2d_groups_out", "%x: f32[?,8,8,6], %w: f32[3,3,2,10]",
     "conv2d(%x, %w) {groups = 3, pad = [1, 1], stride = [1, 1]}", "!3 groups do not divide 6 channels in and 10 out"},
    {"conv2d_one_group", "%x: f32[?,8,8,6], %w: f32[3,3,6,10]",
     "conv2d(%x, %w) {groups = 1, pad = [1, 1], stride = [1, 1]}", "!`groups`"},
    {"conv2d_groups_huge", "%x: f32[?,8,8,6], %w: f32[3,3,2,10]",
     "conv2d(%x, %w) {groups = 2147483648, pad = [1, 1], stride = [1, 1]}", "!channels"},
    {"conv2d_dilation_large", "%x: f32[?,8,8,3], %w: f32[3,3,3,2]",
     "conv2d(%x, %w) {dilation = [5, 1], pad = [1, 1], stride = [1, 1]}", "!a kernel of 11 does not fit into 8"},
    {"depthwise_input_gradient", "%g: f32[?,4,4,5], %w: f32[3,3,1,5]",
     "conv2d_input_gradient(%g, %w) {groups = 5, pad = [1, 1], size = [8, 7], stride = [2, 2]}", "f32[?,8,7,5]"},
    {"depthwise_weight_gradient", "%x: f32[?,8,7,5], %g: f32[?,4,4,5]",
     "conv2d_weight_gradient(%x, %g) {groups = 5, kernel = [3, 3], pad = [1, 1], stride = [2, 2]}", "f32[3,3,1,5]"},
    {"binary_conv2d_groups", "%x: i16[?,8,8,40], %b: u32[9,2,2]",
     "binary_conv2d(%x, %b) {channels = [40, 60], groups = 20, kernel = [3, 3], pad = [1, 1], stride = [2, 2]}",
     "i32[?,4,4,60]"},
    {"binary_conv2d_groups_bits", "%x: f32[?,8,8,40], %b: u32[9,1,60]",
     "binary_conv2d(%x, %b) {channels = [40, 60], groups = 20, kernel = [3, 3], pad = [1, 1], stride = [2, 2]}",
     "!expected u32[9,2,2]"},
    {"binary_conv2d_groups_alpha", "%x: f32[?,8,8,40], %b: u32[9,2,2], %a: f32[40]",
     "binary_conv2d(%x, %b, %a) {channels = [40, 60], groups = 20, kernel = [3, 3], pad = [1, 1], stride = [2, 2]}",
     "!groups take no alpha"},
    {"conv2d_input_gradient", "%g: f32[?,4,4,5], %w: f32[3,3,2,5]",
     "conv2d_input_gradient(%g, %w) {pad = [1, 1], size = [8, 7], stride = [2, 2]}", "f32[?,8,7,2]"},
    {"conv2d_input_gradient_size", "%g: f32[?,4,4,5], %w: f32[3,3,2,5]",
     "conv2d_input_gradient(%g, %w) {pad = [1, 1], size = [9, 8], stride = [2, 2]}", "!the convolution has 5 x 4"},
    {"conv2d_weight_gradient", "%x: f32[?,8,7,2], %g: f32[?,4,4,5]",
     "conv2d_weight_gradient(%x, %g) {kernel = [3, 3], pad = [1, 1], stride = [2, 2]}", "f32[3,3,2,5]"},
    {"conv2d_weight_gradient_leading", "%x: f32[2,?,8,7,2], %g: f32[?,4,4,5]",
     "conv2d_weight_gradient(%x, %g) {kernel = [3, 3], pad = [1, 1], stride = [2, 2]}", "!leading dimensions"},
    {"linear", "%x: f32[2,?,5], %w: f32[5,3]", "linear(%x, %w)", "f32[2,?,3]"},
    {"linear_features", "%x: f32[?,4], %w: f32[5,3]", "linear(%x, %w)", "!has 4 features, the weight has 5"},
    {"linear_input_gradient", "%g: f32[2,?,3], %w: f32[5,3]", "linear_input_gradient(%g, %w)", "f32[2,?,5]"},
    {"linear_weight_gradient", "%x: f32[2,?,5], %g: f32[2,?,3]", "linear_weight_gradient(%x, %g)", "f32[5,3]"},
    {"linear_weight_gradient_rows", "%x: f32[2,?,5], %g: f32[3,?,3]", "linear_weight_gradient(%x, %g)",
     "!leading dimensions"},
    {"binary_conv2d", "%x: f32[?,8,8,33], %b: u32[9,2,64]",
     "binary_conv2d(%x, %b) {channels = [33, 64], kernel = [3, 3], pad = [1, 1], stride = [2, 2]}", "f32[?,4,4,64]"},
    {"binary_conv2d_words", "%x: f32[?,8,8,33], %b: u32[9,1,64]",
     "binary_conv2d(%x, %b) {channels = [33, 64], kernel = [3, 3], pad = [1, 1], stride = [2, 2]}",
     "!expected u32[9,2,64]"},
    {"binary_linear", "%x: f32[?,64], %b: u32[1,2,10]", "binary_linear(%x, %b) {channels = [64, 10]}", "f32[?,10]"},
    {"binary_linear_features", "%x: f32[?,63], %b: u32[1,2,10]", "binary_linear(%x, %b) {channels = [64, 10]}",
     "!expected 64 channels"},
    {"binary_linear_sparse", "%x: f32[?,64], %b: u32[1,2,10]",
     "binary_linear(%x, %b) {channels = [64, 10], sparse = 1}", "f32[?,10]"},
    {"binary_linear_sparse_alpha", "%x: f32[?,64], %b: u32[1,2,10], %a: f32[64]",
     "binary_linear(%x, %b, %a) {channels = [64, 10], sparse = 1}", "!with alpha"},
    {"batchnorm", "%x: f32[2,?,4,4,3], %c: f32[3]", "batchnorm(%x, %c, %c) {copies = 2, epsilon = 1e-05}",
     "f32[2,?,4,4,3], f32[3], f32[3], f32[3]"},
    {"batchnorm_epsilon", "%x: f32[?,3], %c: f32[3]", "batchnorm(%x, %c, %c)", "!`epsilon` is missing"},
    {"batchnorm_gamma", "%x: f32[?,3], %c: f32[4]", "batchnorm(%x, %c, %c) {epsilon = 0.1}",
     "!gamma has type f32[4], expected f32[3]"},
    {"batchnorm_inference", "%x: f32[?,3], %c: f32[3]", "batchnorm_inference(%x, %c, %c, %c, %c) {epsilon = 0.1}",
     "f32[?,3]"},
    {"moments", "%x: f32[?,3]", "moments(%x) {copies = 2}", "f32[3], f32[3], f32[3]"},
    {"moments_copies", "%x: f32[?,3]", "moments(%x) {copies = 0}", "!`copies`"},
    {"centered_sums", "%x: f32[?,3], %m: f32[3]", "centered_sums(%x, %x, %m)", "f32[3], f32[3]"},
    {"count", "", "count() {per_sample = 784}", "f32[]"},
    {"fill", "", "fill() {dims = [3, -1, 2], value = 0.5}", "f32[3,?,2]"},
    {"fill_scalar", "", "fill() {dims = [], value = 1.0}", "f32[]"},
    {"fill_two_batches", "", "fill() {dims = [-1, -1], value = 1.0}", "!two batch dimensions"},
    {"fill_nothing", "", "fill() {dims = [0], value = 1.0}", "!out of range"},
    {"fill_infinite", "", "fill() {dims = [1], value = inf}", "!a number"},
    {"avgpool", "%x: f32[?,5,7,2]", "avgpool(%x) {kernel = [2, 3], pad = [0, 1], stride = [2, 3]}", "f32[?,2,3,2]"},
    {"avgpool_wide_pad", "%x: f32[?,5,7,2]", "avgpool(%x) {kernel = [2, 2], pad = [2, 0], stride = [2, 2]}",
     "!padding 2 is more than half the kernel"},
    {"avgpool_gradient", "%g: f32[?,2,3,2]",
     "avgpool_gradient(%g) {kernel = [2, 3], pad = [0, 1], size = [5, 7], stride = [2, 3]}", "f32[?,5,7,2]"},
    {"avgpool_gradient_size", "%g: f32[?,2,3,2]",
     "avgpool_gradient(%g) {kernel = [2, 3], pad = [0, 1], size = [6, 7], stride = [2, 3]}", "!the pool gives"},
    {"maxpool", "%x: f32[?,5,7,2]", "maxpool(%x) {kernel = [3, 3], pad = [1, 1], stride = [2, 2]}", "f32[?,3,4,2]"},
    {"maxpool_gradient", "%g: f32[?,3,4,2], %x: f32[?,5,7,2]",
     "maxpool_gradient(%g, %x) {kernel = [3, 3], pad = [1, 1], stride = [2, 2]}", "f32[?,5,7,2]"},
    {"global_avgpool", "%x: f32[2,?,5,7,3]", "global_avgpool(%x)", "f32[2,?,3]"},
    {"global_avgpool_gradient", "%g: f32[2,?,3]", "global_avgpool_gradient(%g) {size = [5, 7]}", "f32[2,?,5,7,3]"},
    {"flatten", "%x: f32[2,?,5,7,3]", "flatten(%x)", "f32[2,?,105]"},
    {"unflatten", "%x: f32[2,?,105]", "unflatten(%x) {size = [5, 7, 3]}", "f32[2,?,5,7,3]"},
    {"unflatten_size", "%x: f32[?,100]", "unflatten(%x) {size = [5, 7, 3]}", "!which is not f32[5,7,3] in a row"},
    {"cross_entropy", "%x: f32[?,10], %l: i32[?]", "cross_entropy(%x, %l)", "f32[]"},
    {"cross_entropy_labels", "%x: f32[?,10], %l: f32[?]", "cross_entropy(%x, %l)", "!expected i32[?]"},
    {"cross_entropy_gradient", "%x: f32[?,10], %l: i32[?]", "cross_entropy_gradient(%x, %l)", "f32[?,10]"},
    {"scan", "%x: f32[4,?,3]",
     "scan(%x, 0.0) {axis = 0, states = 1} do (%i: f32[?,3], %v: f32[?,3])"
     " { %u = add(%v, %i) : f32[?,3] yield(%u, %u) }",
     "f32[4,?,3], f32[?,3]"},
    {"scan_masks_and_invariants", "%x: f32[4,?,3], %c: f32[3]",
     "scan(%x, %c, 1.5) {axis = 0, invariants = 2} do (%i: f32[?,3], %k: f32[3], %s: f32[])"
     " { %u = greater(%i, %k) : bool[?,3] yield(%u, %s, 2.0, %k) }",
     "bool[4,?,3], f32[4,?,3], f32[4,?,3], f32[4,?,3]"},
    {"scan_map_over_weights", "%x: f32[3,5], %m: bool[3,5]",
     "scan(%x, %m) do (%i: f32[5], %j: bool[5]) { %u = select(%j, %i, 0.0) : f32[5] yield(%u) }", "f32[3,5]"},
    {"scan_no_body", "%x: f32[4,?,3]", "scan(%x)", "!a body is missing"},
    {"scan_no_sequence", "", "scan(0.0) {states = 1} do (%v: f32[?,3]) { yield(%v) }", "!is to be a sequence"},
    {"scan_literal_sequence", "", "scan(0.0) do (%v: f32[]) { yield(%v) }", "!has no time axis"},
    {"scan_map_over_the_batch", "%x: f32[?,3]", "scan(%x) do (%i: f32[3]) { yield(%i) }", "f32[?,3]"},
    {"scan_batch_is_no_time", "%x: f32[?,3]",
     "scan(%x, 0.0) {states = 1} do (%i: f32[3], %v: f32[3]) { yield(%i, %v) }", "!has no time axis"},
    {"scan_slice", "%x: f32[4,?,3]", "scan(%x) do (%i: f32[?,4]) { yield(%i) }", "!the body sees f32[?,4]"},
    {"scan_lengths", "%x: f32[4,?,3], %z: f32[5,?,3]", "scan(%x, %z) do (%i: f32[?,3], %j: f32[?,3]) { yield(%i) }",
     "!the first sequence f32[4,?,3]"},
    {"scan_state", "%x: f32[4,?,3], %s: f32[3]",
     "scan(%x, %s) {states = 1} do (%i: f32[?,3], %v: f32[3]) { yield(%i) }", "!a state is f32[?,3]"},
    {"scan_invariant", "%x: f32[4,?,3], %k: f32[4]",
     "scan(%x, %k) {invariants = 1} do (%i: f32[?,3], %c: f32[4]) { yield(%i) }", "!an invariant is"},
    {"scan_parameters", "%x: f32[4,?,3]", "scan(%x) do () { yield(1.0) }", "!0 parameters for 1 operands"},
    {"scan_yields", "%x: f32[4,?,3]", "scan(%x, 0.0) {states = 1} do (%i: f32[?,3], %v: f32[?,3]) { yield() }",
     "!fewer values than there are states"},
    {"scan_nothing", "%x: f32[4,?,3]", "scan(%x) do (%i: f32[?,3]) { yield() }", "!yields nothing"},
    {"scan_mask_state", "%x: f32[4,?,3]",
     "scan(%x, 0.0) {states = 1} do (%i: f32[?,3], %v: f32[?,3])"
     " { %m = less(%i, %v) : bool[?,3] yield(%i, %m) }",
     "!yield 1 has type bool[?,3]"},
    {"scan_reverse", "%x: f32[4,?,3]", "scan(%x) {reverse = 2} do (%i: f32[?,3]) { yield(%i) }", "!`reverse` 0 or 1"},
    {"scan_axis", "%x: f32[4,?,3]", "scan(%x) {axis = 1} do (%i: f32[?,3]) { yield(%i) }", "!`axis` is to be 0"},
    {"scan_many_states", "%x: f32[4,?,3]", "scan(%x) {states = 9} do (%i: f32[?,3]) { yield(%i) }",
     "!is to be a sequence"},
    {"constant", "", "constant() {name = \"w\"}", "f32[]"}, // the type it was given: the verifier asks the module
    {"constant_nameless", "", "constant()", "!`name` is missing"},
};

class TypeRule : public testing::TestWithParam<TypeCase> {};

TEST_P(TypeRule, Holds) {
  std::string got = types_of(GetParam()), expected = GetParam().expected;
  if (expected[0] == '!') {
    EXPECT_EQ(got[0], '!') << got;
    EXPECT_NE(got.find(expected.substr(1)), std::string::npos) << got;
  } else {
    EXPECT_EQ(got, expected);
  }
}

INSTANTIATE_TEST_SUITE_P(Ops, TypeRule, testing::ValuesIn(cases),
                         [](const auto& info) { return std::string(info.param.name); });

} // namespace

} // namespace rvb::tests
