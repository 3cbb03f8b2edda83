// A function of one number has one result: alone or in the body of a scan, in a vector or after its last full one, once
// or at every step. Streams rely on it (infer --stream gives the bits of the whole sequence), and so does whoever moves
// an operation out of a body or into one.
#include "harness.h"

#include "ir/text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

namespace rvb::kernels {

namespace {

const std::vector<std::string> functions = {
    "exp(%x)",      "log(%p)", "sqrt(%p)",    "tanh(%x)",     "sigmoid(%x)",  "atan(%x)",    "floor(%x)",   "round(%x)",
    "softplus(%x)", "cos(%x)", "div(%x, %p)", "div(1.0, %p)", "div(%x, 3.0)", "mul(%x, %p)", "sub(%x, %p)",
};

// `x` of both signs, from tiny to where exp overflows single precision; `p` positive.
constexpr size_t count = 203;
float x_at(size_t i) {
  static const float special[] = {0.0f, -1.0986123f, 1e-30f, -87.5f, 88.5f, 0.25f, -0.2499f};
  return i < 7 ? special[i] : static_cast<float>(std::sin(static_cast<double>(i) * 1.7) * std::exp((i % 9) * 0.6 - 3));
}
float p_at(size_t i) {
  return std::fabs(x_at((i * 31 + 5) % count)) + 0x1p-20f;
}

std::vector<float> run_text(const std::string& text, const std::vector<std::vector<float>>& arguments) {
  const ir::Module module = ir::parse(text);
  const ir::Function& function = module.functions[0];
  std::vector<Tensor> operands;
  for (size_t i = 0; i < arguments.size(); ++i) {
    Tensor tensor;
    tensor.type = function.type(function.parameters[i]);
    tensor.data.assign(arguments[i].begin(), arguments[i].end());
    operands.push_back(tensor);
  }
  const std::vector<double> out = run(function, function.ops[0], 1, operands, true)[0].data;
  return {out.begin(), out.end()};
}

// The operation by itself on numbers begin … begin + n - 1.
std::vector<float> alone(const std::string& operation, size_t begin, size_t n, const std::string& type) {
  std::vector<float> x, p;
  for (size_t i = begin; i < begin + n; ++i) {
    x.push_back(x_at(i));
    p.push_back(p_at(i));
  }
  std::string parameters;
  std::vector<std::vector<float>> arguments;
  if (operation.find("%x") != std::string::npos) {
    parameters = "%x: " + type;
    arguments.push_back(x);
  }
  if (operation.find("%p") != std::string::npos) {
    parameters += (parameters.empty() ? "%p: " : ", %p: ") + type;
    arguments.push_back(p);
  }
  return run_text("func @f(" + parameters + ") -> (" + type + ") {\n  %y = " + operation + " : " + type +
                      "\n  ret(%y)\n}\n",
                  arguments);
}

// All functions in one scan whose invariants are the numbers, `channels` of them (none: one number for all), as a
// neuron has its trained leak. Emits one sequence a function.
std::vector<std::vector<float>> in_scan(size_t begin, size_t channels, size_t steps, bool each) {
  const std::string slice = "f32[?,3," + std::to_string(channels) + "]",
                    all = "f32[" + std::to_string(steps) + ",?,3," + std::to_string(channels) + "]",
                    one = each ? "f32[" + std::to_string(channels) + "]" : "f32[]";
  std::string body, yields, names, types;
  for (size_t k = 0; k < functions.size(); ++k) {
    const std::string n = std::to_string(k);
    body += "    %f" + n + " = " + functions[k] + " : " + one + "\n    %g" + n + " = add(%f" + n + ", %it) : " + slice +
            "\n";
    yields += "%g" + n + ", ";
    names += "%o" + n + ", ";
    types += all + ", ";
  }
  const std::string results = types.substr(0, types.size() - 2), outs = names.substr(0, names.size() - 2);
  const std::string text =
      "func @f(%i: " + all + ", %k: " + one + ", %q: " + one + ") -> (" + results + ") {\n  " + names +
      "%last = scan(%i, %k, %q, 0.0) {axis = 0, invariants = 2, states = 1} do (%it: " + slice + ", %x: " + one +
      ", %p: " + one + ", %u: " + slice + ") {\n" + body + "    %n = add(%u, %it) : " + slice + "\n    yield(" +
      yields + "%n)\n  } : " + types + slice + "\n  ret(" + outs + ")\n}\n";
  const ir::Module module = ir::parse(text);
  const ir::Function& function = module.functions[0];
  std::vector<Tensor> operands(3);
  for (size_t i = 0; i < 3; ++i)
    operands[i].type = function.type(function.parameters[i]);
  operands[0].data.assign(steps * 3 * channels, 0.0);
  for (size_t c = 0; c < (each ? channels : 1); ++c) {
    operands[1].data.push_back(x_at(begin + c));
    operands[2].data.push_back(p_at(begin + c));
  }
  std::vector<std::vector<float>> out;
  for (const Tensor& tensor : run(function, function.ops[0], 1, operands, true))
    out.emplace_back(tensor.data.begin(), tensor.data.end());
  return out;
}

// 0 and -0 are the same here: the scan adds 0.
bool same(float a, float b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

} // namespace

TEST(SameBits, AloneAndInAScan) {
  std::vector<std::vector<float>> expected;
  for (const std::string& f : functions) {
    expected.push_back(alone(f, 0, count, "f32[" + std::to_string(count) + "]"));
    for (size_t n : {1, 3, 13}) {
      const std::string type = n == 1 ? "f32[]" : "f32[" + std::to_string(n) + "]";
      const std::vector<float> few = alone(f, 1, n, type);
      for (size_t i = 0; i < n; ++i)
        EXPECT_TRUE(same(few[i], expected.back()[1 + i])) << f << " of " << x_at(1 + i) << ", " << p_at(1 + i) << " as "
                                                          << type << ": " << few[i] << ", " << expected.back()[1 + i];
    }
  }
  struct Shape {
    size_t begin, channels, steps;
    bool each;
  };
  for (const Shape& s : {Shape{0, 37, 3, true}, Shape{1, 5, 1, true}, Shape{2, 64, 2, true}, Shape{1, 7, 4, false},
                         Shape{8, 40, 1, false}}) {
    const std::vector<std::vector<float>> all = in_scan(s.begin, s.channels, s.steps, s.each);
    for (size_t k = 0; k < functions.size(); ++k)
      for (size_t i = 0; i < s.channels * s.steps * 3; ++i) {
        const size_t at = s.begin + (s.each ? i % s.channels : 0);
        ASSERT_TRUE(same(all[k][i], expected[k][at]))
            << functions[k] << " of " << x_at(at) << ", " << p_at(at) << " in a scan of " << s.channels
            << " channels: " << all[k][i] << ", " << expected[k][at];
      }
  }
}

// A sample's numbers do not depend on how many stand around it: T * batch of them in a whole sequence, batch in a step.
TEST(SameBits, EverySampleByItself) {
  const std::vector<std::string> operations = {
      "func @f(%x: f32[?,5,6,3], %w: f32[3,3,3,7]) -> (f32[?,5,6,7]) {\n"
      "  %y = conv2d(%x, %w) {pad = [1, 1], stride = [1, 1]} : f32[?,5,6,7]\n  ret(%y)\n}\n",
      "func @f(%x: f32[?,37], %w: f32[37,21]) -> (f32[?,21]) {\n"
      "  %y = linear(%x, %w) : f32[?,21]\n  ret(%y)\n}\n",
      "func @f(%x: f32[?,6,6,5]) -> (f32[?,3,3,5]) {\n"
      "  %y = avgpool(%x) {kernel = [2, 2], pad = [0, 0], stride = [2, 2]} : f32[?,3,3,5]\n  ret(%y)\n}\n",
      "func @f(%x: f32[?,6,6,5]) -> (f32[?,5]) {\n  %y = global_avgpool(%x) : f32[?,5]\n  ret(%y)\n}\n",
  };
  constexpr int64_t samples = 9;
  for (const std::string& text : operations) {
    const ir::Module module = ir::parse(text);
    const ir::Function& function = module.functions[0];
    const std::vector<Tensor> all = interpreter::random_arguments(function, samples, 3);
    const std::vector<double> expected = run(function, function.ops[0], samples, all, true)[0].data;
    for (int64_t i : {0, 4, 8}) {
      std::vector<Tensor> one = all;
      const auto size = static_cast<int64_t>(all[0].data.size()) / samples;
      one[0].data.assign(all[0].data.begin() + i * size, all[0].data.begin() + (i + 1) * size);
      const std::vector<double> alone = run(function, function.ops[0], 1, one, true)[0].data;
      for (size_t k = 0; k < alone.size(); ++k)
        ASSERT_EQ(alone[k], expected[static_cast<size_t>(i) * alone.size() + k]) << "sample " << i << " of\n" << text;
    }
  }
}

} // namespace rvb::kernels
