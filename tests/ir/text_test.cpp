// The IR as text: what prints parses, and what is no IR is refused with a place and a reason.
#include "ir/builder.h"
#include "ir/text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <regex>

namespace rvb::tests {

namespace {

std::string reprinted(const std::string& text) {
  return ir::print(ir::parse(text));
}

TEST(Print, NumbersAreShortAndReadBack) {
  EXPECT_EQ(ir::print_number(1), "1.0");
  EXPECT_EQ(ir::print_number(0.1f), "0.1");
  EXPECT_EQ(ir::print_number(0.1), "0.1");
  EXPECT_EQ(ir::print_number(-0.0), "-0.0");
  EXPECT_EQ(ir::print_number(1e-5), "1e-05");
  EXPECT_EQ(ir::print_number(16777216), "16777216.0");
  EXPECT_EQ(ir::print_number(3.4028234663852886e38), "3.4028235e+38");
  EXPECT_EQ(ir::print_number(1e-45), "1e-45");
  EXPECT_EQ(ir::print_number(1e300), "inf");
  EXPECT_EQ(ir::print_number(-std::numeric_limits<double>::infinity()), "-inf");
  EXPECT_EQ(ir::print_number(std::nan("")), "nan");
}

TEST(Print, EveryFloatReadsBack) {
  uint32_t bits = 1;
  for (int i = 0; i < 200000; ++i) {
    bits = bits * 1664525u + 1013904223u;
    float value;
    std::memcpy(&value, &bits, sizeof value);
    if (std::isnan(value))
      continue;
    std::string text = ir::print_number(value);
    ASSERT_EQ(static_cast<float>(std::strtod(text.c_str(), nullptr)), value) << text;
    ASSERT_NE(text.find_first_of(".efn"), std::string::npos) << text;
  }
}

TEST(Print, TheWholeGrammar) {
  const std::string text = R"(data @bits: u32[2] = [0, 4294967295]
data @long: f32[17] = #00ff00ff00ff00ff
data @mask: bool[2] = [1, 0]
data @signed: i32[3] = [-2147483648, 0, 7]
data @w: f32[3] = [1.0, -0.1, 1e-05]

func @net(%image: f32[4,?,8,8,3], %conv.weight: f32[3,3,3,2], %0: f32[]) -> ("logits" = f32[4,?,8,8,2], "a \"b\"\\\n\x01" = f32[], f32[]) {
  %x = conv2d(%image, %conv.weight) {pad = [1, 1], stride = [1, 1]} : f32[4,?,8,8,2] @ block.unit1.conv
  %o, %v = scan(%x, 0.0) {axis = 0, states = 1} do (%i: f32[?,8,8,2], %u: f32[?,8,8,2]) {
    %s = step(%i) {surrogate = "triangle", width = 0.5} : f32[?,8,8,2] @ "odd path"
    yield(%s, %u)
  } : f32[4,?,8,8,2], f32[?,8,8,2]
  %any = count() {a = [], b = [1.0, nan, -inf], c = -9223372036854775808, d = ""} : f32[]
  ret(%o, %any, 1.5)
}

func @empty() -> () {
  ret()
}
)";
  EXPECT_EQ(reprinted(text), text);
}

// Two inputs and two outputs, states with their beginnings: roles stand in the text where names do not say them.
TEST(Ports, AreReadAndPrinted) {
  const std::string text =
      R"(func @step(%image: f32[?,3], %right: "input:right" = f32[?,2], %labels: i32[?], %labels.weight: f32[3], %state.0: f32[?,3] begins 0.5, %state.1: f32[?] begins -0.0) -> ("logits" = f32[?,3], "logits:second" = f32[?,2], "state:0" = f32[?,3], "grad:labels.weight" = f32[3], "loss" = f32[], "other" = f32[?]) {
  ret(%image, %right, %state.0, %labels.weight, 0.0, %state.1)
}
)";
  EXPECT_EQ(reprinted(text), text);
  const ir::Module module = ir::parse(text);
  const ir::Function& f = module.functions[0];
  const auto port = [&](size_t i) { return f.values[static_cast<size_t>(f.parameters[i])].port; };
  EXPECT_TRUE(port(0).is(ir::Role::input, "image"));
  EXPECT_TRUE(port(1).is(ir::Role::input, "right"));
  EXPECT_TRUE(port(2).is(ir::Role::labels, "labels"));
  EXPECT_TRUE(port(3).is(ir::Role::parameter, "labels.weight"));
  EXPECT_TRUE(port(4).is(ir::Role::state, "0"));
  EXPECT_EQ(port(4).initial, 0.5);
  EXPECT_TRUE(std::signbit(port(5).initial));
  EXPECT_EQ(f.parameter(ir::Role::labels), f.parameters[2]);
  EXPECT_EQ(f.result(ir::Role::logits, "logits"), 0);
  EXPECT_EQ(f.result(ir::Role::logits, "second"), 1);
  EXPECT_EQ(f.result(ir::Role::gradient, "labels.weight"), 3);
  EXPECT_EQ(f.result(ir::Role::gradient, "image"), -1);
  EXPECT_TRUE(f.result_ports[5].is(ir::Role::other, "other"));
}

TEST(Print, LongConstantsPrintAHashOfTheirBytes) {
  ir::Module a, b;
  std::vector<float> numbers(17, 1.0f);
  a.constants["w"] = ir::Constant::from_floats({17}, numbers);
  numbers[16] = 2;
  b.constants["w"] = ir::Constant::from_floats({17}, numbers);
  EXPECT_NE(ir::print(a), ir::print(b));
  EXPECT_EQ(reprinted(ir::print(a)), ir::print(a));
  EXPECT_TRUE(ir::parse(ir::print(a)).constants.at("w").bytes.empty());
}

TEST(Print, AttributesAreInAlphabeticalOrder) {
  EXPECT_NE(reprinted("func @f() -> () { %c = count() {per_sample = 2, a = 1} : f32[] ret() }")
                .find("{a = 1, per_sample = 2}"),
            std::string::npos);
}

TEST(Parse, CommentsAndSpacesDoNotMatter) {
  EXPECT_EQ(reprinted("// first\nfunc@f(%a:f32[ 2 , ? ])->(f32[2,?])//x\n{ret ( %a ) }"),
            "func @f(%a: f32[2,?]) -> (f32[2,?]) {\n  ret(%a)\n}\n");
}

struct Refused {
  const char* text;
  int line, column;
  const char* message;
};

class Refusal : public testing::TestWithParam<Refused> {};

TEST_P(Refusal, SaysWhereAndWhy) {
  try {
    ir::parse(GetParam().text);
    FAIL() << "parsed: " << GetParam().text;
  } catch (const ir::ParseError& error) {
    EXPECT_NE(error.message.find(GetParam().message), std::string::npos) << error.message;
    EXPECT_EQ(error.line, GetParam().line) << error.message;
    EXPECT_EQ(error.column, GetParam().column) << error.message;
  }
}

const Refused refusals[] = {
    {"hello", 1, 1, "`func` or `data` expected"},
    {"func f", 1, 6, "`@` expected"},
    {"func @f(%a: f32[2]) -> (f32[2]) {\n  ret(%b)\n}", 2, 8, "%b is used before it is defined"},
    {"func @f(%a: f32[2], %a: f32[2]) -> () { ret() }", 1, 22, "%a is defined twice"},
    {"func @f() -> () { ret() }\nfunc @f() -> () { ret() }", 2, 7, "@f is defined twice"},
    {"func @f(%a: f32[2]) -> () {\n %b = frobnicate(%a) : f32[2] ret() }", 2, 7, "unknown operator `frobnicate`"},
    {"func @f(%a: f32[2]) -> () { %b = neg(%b) : f32[2] ret() }", 1, 39, "%b is used before it is defined"},
    {"func @f(%a: f64[2]) -> () { ret() }", 1, 13, "a type"},
    {"func @f(%a: f32[0]) -> () { ret() }", 1, 13, "dimension 0 is out of range"},
    {"func @f(%a: f32[-1]) -> () { ret() }", 1, 17, "dimension -1 is out of range"},
    {"func @f(%a: f32[?,?]) -> () { ret() }", 1, 13, "two batch dimensions"},
    {"func @f(%a: f32[2147483648,2147483648]) -> () { ret() }", 1, 13, "more than 2^40 elements"},
    {"func @f(%a: f32[549755813888]) -> () { ret() }", 1, 13, "dimension 549755813888 is out of range"},
    {"func @f(%a: f32[2147483648,2,2147483648]) -> () { ret() }", 1, 13, "more than 2^40 elements"},
    {"func @f(%a: f32[1,1,1,1,1,1,1,1,1]) -> () { ret() }", 1, 13, "more than 8 dimensions"},
    {"func @f(%a: f32[99999999999999999999]) -> () { ret() }", 1, 17, "an integer expected"},
    {"func @f(%a: f32[2]) -> (f32[3]) { ret(%a) }", 1, 35, "not of the declared type f32[3]"},
    {"func @f(%a: f32[2]) -> (f32[2]) { ret() }", 1, 35, "gives 0 results"},
    {"func @f() -> () { %c = count() {a = 1, a = 2} : f32[] ret() }", 1, 40, "`a` is given twice"},
    {"func @f() -> () { %c = count() {a = \"x\n\"} : f32[] ret() }", 1, 39, "no end on its line"},
    {"func @f() -> () { %c = count() {a = \"x", 1, 39, "the string has no end"},
    {"func @f() -> () { %c = count() {a = \"\\q\"} : f32[] ret() }", 1, 39, "unknown escape"},
    {"func @f() -> () { %c = count() {a = 1e999} : f32[] ret() }", 1, 37, "number out of range"},
    {"func @f() -> () { %c = count() {a = 1e39} : f32[] ret() }", 1, 37, "numbers are single precision"},
    {"func @f() -> () { %c = count() {a = } : f32[] ret() }", 1, 37, "a number expected"},
    {"func @f() -> () { ret() ", 1, 25, "`}` expected"},
    {"data @a: f32[2] = [1.0]", 1, 7, "has 1 numbers, its type f32[2] asks for 2"},
    {"data @a: f32[?] = [1.0]", 1, 7, "a constant has no batch"},
    {"data @a: u32[1] = [-1]", 1, 20, "out of range of its element type"},
    {"data @a: bool[1] = [2]", 1, 21, "out of range of its element type"},
    {"data @a: f32[20] = #0123", 1, 25, "a hex digit expected"},
    {"data @a: f32[1] = [1]\ndata @a: f32[1] = [1]", 2, 7, "@a is defined twice"},
};

INSTANTIATE_TEST_SUITE_P(Ir, Refusal, testing::ValuesIn(refusals));

TEST(Parse, DeepNestingIsRefused) {
  std::string text = "func @f(%x: f32[2]) -> () {";
  for (int i = 0; i < 100000; ++i)
    text += "%a" + std::to_string(i) + " = scan() do () {";
  EXPECT_THROW(ir::parse(text), ir::ParseError);
}

TEST(Parse, EveryPrefixOfAModuleIsRefusedOrAModule) {
  const std::string text = "data @w: f32[2] = [1.0, -2e-3]\nfunc @f(%x: f32[3,?,2]) -> (\"y\" = f32[3,?,2]) {\n"
                           "  %o = scan(%x, %x) {axis = 0} do (%i: f32[?,2], %j: f32[?,2]) {\n"
                           "    yield(%i)\n  } : f32[3,?,2] @ a.b\n  ret(%o)\n}\n";
  int modules = 0;
  for (size_t length = 0; length <= text.size(); ++length)
    try {
      ir::parse(text.substr(0, length));
      ++modules;
    } catch (const ir::ParseError&) {
    }
  EXPECT_EQ(modules,
            5); // nothing; the constant without and with its line's end; all but, and with, the last line's end
}

TEST(Values, NamesAreUniqueAndStable) {
  ir::Function function;
  auto name = [&](const char* hint) { return function.values[function.add_value({}, hint)].name; };
  EXPECT_EQ(name("u"), "u");
  EXPECT_EQ(name("u"), "u.1");
  EXPECT_EQ(name("u"), "u.2");
  EXPECT_EQ(name("u.1"), "u.3");
  EXPECT_EQ(name("u.9"), "u.9");
  EXPECT_EQ(name("u"), "u.10");
  EXPECT_EQ(name("conv.weight"), "conv.weight");
  EXPECT_EQ(name("conv.weight"), "conv.weight.1");
  EXPECT_EQ(name("grad:conv weight"), "grad_conv_weight");
  EXPECT_EQ(name(""), "v");
  EXPECT_EQ(name(".1"), ".1");
  EXPECT_EQ(name(".1"), ".1.1");
  EXPECT_EQ(name("x.99999999999999999999"), "x.99999999999999999999");
  EXPECT_EQ(name("x.99999999999999999999"), "x.99999999999999999999.1");
}

TEST(Operators, AreFoundByName) {
  EXPECT_EQ(ir::find_operator("conv2d")->opcode, ir::Opcode::conv2d);
  EXPECT_EQ(ir::find_operator("conv3d"), nullptr);
#define RVB_OPERATOR(row, operands, results, traits)                                                                   \
  EXPECT_STREQ(ir::info(ir::Opcode::row).name, #row);                                                                  \
  EXPECT_EQ(ir::find_operator(#row)->opcode, ir::Opcode::row);
#include "ir/operators.def"
#undef RVB_OPERATOR
}

TEST(Builder, RefusesWhatTheRuleRefuses) {
  ir::Function function;
  ir::Builder builder(function, function.ops, [](const ir::Function&, const ir::Op&, std::string& error) {
    error = "no";
    return std::optional<std::vector<ir::Type>>();
  });
  EXPECT_THROW(builder.build(ir::Opcode::neg, {ir::Operand::literal(1)}), std::logic_error);
  EXPECT_TRUE(function.ops.empty());
  EXPECT_TRUE(function.values.empty());
}

TEST(Builder, PutsTheLayerOnWhatItAppends) {
  ir::Function function;
  ir::Builder builder(function, function.ops, [](const ir::Function&, const ir::Op&, std::string&) {
    return std::optional<std::vector<ir::Type>>({ir::Type{}});
  });
  builder.set_layer("a.b");
  ir::Value one = builder.build(ir::Opcode::neg, {ir::Operand::literal(1)}, {}, "n");
  builder.set_layer("");
  builder.build(ir::Opcode::neg, {one}, {}, "n");
  EXPECT_EQ(ir::print(function),
            "func @() -> () {\n  %n = neg(1.0) : f32[] @ a.b\n  %n.1 = neg(%n) : f32[]\n  ret()\n}\n");
}

// ir/OPERATORS.md has every operator, in the first column of a table.
TEST(Page, ListsEveryOperator) {
  std::ifstream in(RVB_OPERATORS_PAGE, std::ios::binary);
  std::string first;
  for (std::string line; std::getline(in, line);)
    if (line.rfind("| ", 0) == 0)
      first += line.substr(1, line.find(" | ", 2)) + "\n";
  for (const ir::OperatorInfo& row : ir::all_operators())
    EXPECT_TRUE(std::regex_search(first, std::regex(std::string("\\b") + row.name + "\\b"))) << row.name;
}

} // namespace

} // namespace rvb::tests
