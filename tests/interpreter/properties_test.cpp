// Properties of the IR over random modules: they are well formed, they print and parse back to the same text and the
// same numbers, and the verifier sees every planted fault.
#include "analysis/verify.h"
#include "ir/text.h"
#include "random_module.h"

#include <gtest/gtest.h>

#include <set>

namespace rvb::tests {

namespace {

using interpreter::random_module;

std::string joined(const std::vector<std::string>& faults) {
  std::string out;
  for (const std::string& fault : faults)
    out += fault + "\n";
  return out;
}

TEST(RandomModules, AreWellFormedAndRoundTrip) {
  std::set<std::string> seen;
  std::set<ir::Element> constants;
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    ir::Module module = random_module(seed);
    ASSERT_EQ(joined(analysis::verify(module)), "") << "seed " << seed;
    std::string text = ir::print(module);
    ir::Module again;
    try {
      again = ir::parse(text);
    } catch (const ir::ParseError& error) {
      FAIL() << "seed " << seed << ": " << error.line << ":" << error.column << ": " << error.message << "\n" << text;
    }
    ASSERT_EQ(ir::print(again), text) << "seed " << seed;
    ASSERT_EQ(joined(analysis::verify(again)), "") << "seed " << seed;
    for (const auto& [name, constant] : module.constants)
      constants.insert(constant.type.element);
    for (const ir::Op& op : module.functions[0].ops) {
      seen.insert(ir::info(op.opcode).name);
      for (const ir::Body& body : op.body)
        for (const ir::Op& inner : body.ops)
          seen.insert(ir::info(inner.opcode).name);
    }
  }
  const std::set<std::string> elsewhere = {}; // rows that random modules do not have, with the reason
  for (const ir::OperatorInfo& row : ir::all_operators())
    EXPECT_TRUE(seen.count(row.name) != elsewhere.count(row.name)) << row.name;
  EXPECT_EQ(constants.size(), 5u); // all element types
}

TEST(RandomModules, TheSameSeedGivesTheSameModule) {
  for (uint64_t seed = 0; seed < 20; ++seed)
    EXPECT_EQ(ir::print(random_module(seed)), ir::print(random_module(seed)));
  EXPECT_NE(ir::print(random_module(1)), ir::print(random_module(2)));
}

TEST(RandomModules, ComputeTheSameAfterPrintingAndParsing) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    interpreter::RandomOptions options;
    options.constants = false; // text keeps only the hash of long constants
    options.binary = false;
    ir::Module module = random_module(seed, options);
    ir::Module again = ir::parse(ir::print(module));
    auto arguments = interpreter::random_arguments(module.functions[0], 2, seed);
    auto expected = interpreter::evaluate(module, module.functions[0], 2, arguments);
    auto actual = interpreter::evaluate(again, again.functions[0], 2, arguments);
    ASSERT_EQ(interpreter::difference(expected, actual, 0), "") << "seed " << seed;
  }
}

TEST(RandomModules, StayFinite) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    ir::Module module = random_module(seed);
    auto arguments = interpreter::random_arguments(module.functions[0], 3, seed);
    for (const interpreter::Tensor& tensor : interpreter::evaluate(module, module.functions[0], 3, arguments))
      for (double number : tensor.data)
        ASSERT_LT(std::abs(number), 1e12) << "seed " << seed;
  }
}

// Samples of a batch do not see each other unless statistics are taken over them.
TEST(RandomModules, SamplesAreIndependentInInference) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    interpreter::RandomOptions options;
    options.batch_statistics = false;
    ir::Module module = random_module(seed, options);
    const ir::Function& function = module.functions[0];
    auto two = interpreter::random_arguments(function, 2, seed), one = two;
    for (size_t i = 0; i < one.size(); ++i)
      if (const ir::Type& type = function.type(function.parameters[i]); type.has_batch()) { // outermost: keep sample 0
        one[i].type.dims[0] = 1;
        one[i].data.resize(one[i].data.size() / 2);
      }
    auto of_two = interpreter::evaluate(module, function, 2, two),
         of_one = interpreter::evaluate(module, function, 1, one);
    for (size_t r = 0; r < of_two.size(); ++r) {
      const ir::Type& type = function.type(function.results[r].value);
      if (type.dims.empty() || type.dims[0] != ir::batch)
        continue;
      of_two[r].type.dims[0] = 1;
      of_two[r].data.resize(of_two[r].data.size() / 2);
      ASSERT_EQ(interpreter::difference({of_one[r]}, {of_two[r]}, 1e-12), "") << "seed " << seed;
    }
  }
}

// The verifier

// One fault planted in the module; false when this module has no place for it.
using Mutation = bool (*)(ir::Module& module, uint64_t seed);

ir::Function& main_of(ir::Module& module) {
  return module.functions[0];
}

// The seed picks an operation, from there on the first that `fits`.
template <typename F> ir::Op* find_op(ir::Function& function, uint64_t seed, F&& fits) {
  for (size_t i = 0; i < function.ops.size(); ++i) {
    ir::Op& op = function.ops[(i + seed) % function.ops.size()];
    if (fits(op))
      return &op;
  }
  return nullptr;
}

bool reads_undefined(ir::Module& module, uint64_t seed) {
  ir::Function& function = main_of(module);
  ir::Op* op =
      find_op(function, seed, [](const ir::Op& o) { return !o.operands.empty() && !o.operands[0].is_literal(); });
  op->operands[0] = function.add_value(function.type(op->operands[0].value), "ghost");
  return true;
}

bool reads_beyond(ir::Module& module, uint64_t seed) {
  ir::Function& function = main_of(module);
  ir::Op* op = find_op(function, seed, [](const ir::Op& o) { return !o.operands.empty(); });
  op->operands[0].value = seed % 2 ? static_cast<ir::Value>(function.values.size()) : -7;
  return true;
}

bool reads_later(ir::Module& module, uint64_t seed) {
  ir::Function& function = main_of(module);
  ir::Op* op =
      find_op(function, seed, [](const ir::Op& o) { return !o.operands.empty() && !o.operands[0].is_literal(); });
  op->operands[0] = op->results[0];
  return true;
}

bool wrong_type(ir::Module& module, uint64_t seed) {
  ir::Function& function = main_of(module);
  ir::Op* op = find_op(function, seed, [](const ir::Op& o) { return !o.results.empty(); });
  ir::Type& type = function.values[op->results[seed % op->results.size()]].type;
  if (type.dims.empty() || seed % 3 == 0)
    type.element = type.element == ir::Element::f32 ? ir::Element::i32 : ir::Element::f32;
  else
    type.dims.back() += 1;
  return true;
}

bool duplicate_name(ir::Module& module, uint64_t seed) {
  ir::Function& function = main_of(module);
  ir::Op* op = find_op(function, seed, [](const ir::Op& o) { return !o.results.empty(); });
  function.values[op->results[0]].name = function.values[function.parameters[0]].name;
  return true;
}

bool odd_name(ir::Module& module, uint64_t seed) {
  ir::Function& function = main_of(module);
  function.values[function.parameters[seed % function.parameters.size()]].name = seed % 2 ? "a b" : "";
  return true;
}

bool defined_twice(ir::Module& module, uint64_t seed) {
  ir::Function& function = main_of(module);
  ir::Op* op = find_op(function, seed, [](const ir::Op& o) { return !o.results.empty(); });
  function.ops.push_back(*op);
  return true;
}

bool operand_dropped(ir::Module& module, uint64_t seed) {
  ir::Op* op = find_op(main_of(module), seed, [](const ir::Op& o) { // of any number, one less may be as good
    return !o.operands.empty() && (ir::info(o.opcode).operands >= 0 || !o.body.empty());
  });
  op->operands.pop_back();
  return true;
}

bool result_dropped(ir::Module& module, uint64_t seed) {
  ir::Op* op = find_op(main_of(module), seed, [](const ir::Op& o) { return !o.results.empty(); });
  op->results.pop_back();
  return true;
}

bool attribute_dropped(ir::Module& module, uint64_t seed) {
  ir::Op* op = find_op(main_of(module), seed,
                       [](const ir::Op& o) { return o.has("stride") || o.has("times") || o.has("epsilon"); });
  if (op == nullptr)
    return false;
  for (const char* name : {"stride", "times", "epsilon"})
    op->attributes.erase(name);
  return true;
}

bool attribute_added(ir::Module& module, uint64_t seed) {
  find_op(main_of(module), seed, [](const ir::Op&) { return true; })->attributes["extra"] = int64_t{1};
  return true;
}

bool body_reads_outside(ir::Module& module, uint64_t seed) {
  ir::Function& function = main_of(module);
  ir::Op* scan = find_op(function, seed, [](const ir::Op& o) {
    return !o.body.empty() && !o.body[0].ops.empty() && !o.body[0].ops[0].operands.empty();
  });
  if (scan == nullptr)
    return false;
  scan->body[0].ops[0].operands[0] = function.parameters[0];
  return true;
}

bool body_lost(ir::Module& module, uint64_t seed) {
  ir::Op* scan = find_op(main_of(module), seed, [](const ir::Op& o) { return !o.body.empty(); });
  if (scan == nullptr)
    return false;
  scan->body.clear();
  return true;
}

bool body_gained(ir::Module& module, uint64_t seed) {
  ir::Op* op = find_op(main_of(module), seed, [](const ir::Op& o) { return o.body.empty(); });
  op->body.emplace_back();
  return true;
}

bool body_value_used_outside(ir::Module& module, uint64_t seed) {
  ir::Function& function = main_of(module);
  ir::Op* scan = find_op(function, seed, [](const ir::Op& o) { return !o.body.empty(); });
  if (scan == nullptr)
    return false;
  function.results.push_back(scan->body[0].parameters[0]);
  function.result_ports.push_back({ir::Role::other, "leak"});
  return true;
}

bool synapse_in_body(ir::Module& module, uint64_t seed) {
  ir::Function& function = main_of(module);
  ir::Op* scan = find_op(function, seed, [](const ir::Op& o) { return o.opcode == ir::Opcode::scan; });
  if (scan == nullptr)
    return false;
  ir::Value result = function.add_value({}, "n");
  scan->body[0].ops.push_back({ir::Opcode::count, {}, {result}, {{"per_sample", int64_t{3}}}, {}, {}});
  return true;
}

bool constant_missing(ir::Module& module, uint64_t) {
  if (module.constants.empty())
    return false;
  module.constants.erase(module.constants.begin());
  return true;
}

bool constant_short(ir::Module& module, uint64_t) {
  if (module.constants.empty())
    return false;
  module.constants.begin()->second.bytes.pop_back();
  return true;
}

bool result_names_uneven(ir::Module& module, uint64_t) {
  main_of(module).result_ports.push_back({ir::Role::other, "one too many"});
  return true;
}

bool result_names_equal(ir::Module& module, uint64_t) {
  ir::Function& function = main_of(module);
  function.results.push_back(function.results[0]);
  function.result_ports.push_back(function.result_ports[0]);
  return true;
}

bool function_twice(ir::Module& module, uint64_t) {
  module.functions.push_back(module.functions[0]);
  return true;
}

struct NamedMutation {
  const char* name;
  Mutation mutate;
};

const NamedMutation mutations[] = {
    {"reads_undefined", reads_undefined},
    {"reads_beyond", reads_beyond},
    {"reads_later", reads_later},
    {"wrong_type", wrong_type},
    {"duplicate_name", duplicate_name},
    {"odd_name", odd_name},
    {"defined_twice", defined_twice},
    {"operand_dropped", operand_dropped},
    {"result_dropped", result_dropped},
    {"attribute_dropped", attribute_dropped},
    {"attribute_added", attribute_added},
    {"body_reads_outside", body_reads_outside},
    {"body_lost", body_lost},
    {"body_gained", body_gained},
    {"body_value_used_outside", body_value_used_outside},
    {"synapse_in_body", synapse_in_body},
    {"constant_missing", constant_missing},
    {"constant_short", constant_short},
    {"result_names_uneven", result_names_uneven},
    {"result_names_equal", result_names_equal},
    {"function_twice", function_twice},
};

class Verifier : public testing::TestWithParam<NamedMutation> {};

TEST_P(Verifier, SeesThePlantedFault) {
  int planted = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    ir::Module module = random_module(seed);
    if (!GetParam().mutate(module, seed))
      continue;
    ++planted;
    EXPECT_FALSE(analysis::verify(module).empty()) << "seed " << seed << "\n" << ir::print(random_module(seed));
  }
  EXPECT_GT(planted, 50);
}

INSTANTIATE_TEST_SUITE_P(Ir, Verifier, testing::ValuesIn(mutations),
                         [](const auto& info) { return std::string(info.param.name); });

} // namespace

} // namespace rvb::tests
