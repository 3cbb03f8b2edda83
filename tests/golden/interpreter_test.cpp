// The golden tensors against the IR as the interpreter runs it: everything above the kernels, in double precision.
// Whole programs are compared by compare.py; where that fails and this does not, a kernel or the runtime is at fault.
#include "build/pipeline.h"
#include "build/weights.h"
#include "files/npy.h"
#include "files/safetensors.h"
#include "interpreter.h"
#include "irgen/generate.h"
#include "passes/passes.h"
#include "sema/check.h"
#include "support/render.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace rvb;
using interpreter::Tensor;

namespace {

constexpr double logit_tolerance = 1e-6; // nothing but the stored values' rounding
constexpr double gradient_tolerance = 1e-6;
constexpr double deployed_tolerance = 1e-5; // folded constants are rounded to single precision
const std::string folder = RVB_GOLDEN;

std::string read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// From PyTorch's dimensions to ours: dimension i of the result is dimension order[i] of `values`.
std::vector<double> permuted(const std::vector<double>& values, const std::vector<int64_t>& shape,
                             const std::vector<int>& order) {
  std::vector<int64_t> stride(shape.size(), 1), index(shape.size(), 0);
  for (size_t d = shape.size(); d-- > 1;)
    stride[d - 1] = stride[d] * shape[d];
  std::vector<double> result;
  for (size_t i = 0; i < values.size(); ++i) {
    int64_t at = 0;
    for (size_t d = 0; d < shape.size(); ++d)
      at += index[d] * stride[static_cast<size_t>(order[d])];
    result.push_back(values[static_cast<size_t>(at)]);
    for (size_t d = shape.size(); d-- > 0;) {
      if (++index[d] < shape[static_cast<size_t>(order[d])])
        break;
      index[d] = 0;
    }
  }
  return result;
}

std::vector<double> as_doubles(const std::vector<float>& values) {
  return {values.begin(), values.end()};
}

double relative_difference(const std::vector<double>& ours, const std::vector<double>& golden) {
  if (ours.size() != golden.size())
    return INFINITY;
  double difference = 0, largest = 0;
  for (size_t i = 0; i < golden.size(); ++i) {
    if (!std::isfinite(ours[i]))
      return INFINITY;
    difference = std::max(difference, std::fabs(ours[i] - golden[i]));
    largest = std::max(largest, std::fabs(golden[i]));
  }
  return largest == 0 ? difference : difference / largest; // a bias before BatchNorm has no gradient
}

class Case {
public:
  explicit Case(const std::string& name) : path_(folder + "/" + name) {
    facts = nlohmann::json::parse(read_text(path_ + "/case.json"));
    sema::Options options;
    options.stdlib = RVB_STDLIB;
    for (const auto& [key, value] : facts["settings"].items())
      options.defines[key] = value.is_string() ? value.get<std::string>() : value.dump();
    Diagnostics diagnostics;
    std::string file = folder + "/" + facts["source"].get<std::string>();
    auto checked = sema::check(sources, sources.add(file, read_text(file)), options, diagnostics);
    if (!checked)
      throw std::runtime_error(render(sources, diagnostics, {}));
    program = *checked;
    weights = runtime::read_safetensors(path_ + "/weights.safetensors");
    gradients = runtime::read_safetensors(path_ + "/gradients.safetensors");
    logits = as_doubles(runtime::read_npy(path_ + "/logits.npy").values);
    x = runtime::read_npy(path_ + "/x.npy");
    const runtime::NpyArray answers = runtime::read_npy(path_ + "/labels.npy");
    labels = answers.integers ? std::vector<double>(answers.whole.begin(), answers.whole.end())
                              : as_doubles(answers.values); // of a regression
    batch_ = answers.shape[0];
  }
  std::string weights_path() const { return path_ + "/weights.safetensors"; }
  int64_t batch() const { return batch_; }

  const sema::Parameter* parameter(const std::string& name) const {
    for (const sema::Parameter& p : program.parameters)
      if (p.name == name)
        return &p;
    return nullptr;
  }

  std::vector<double> in_memory(const runtime::Tensor& tensor) const {
    return permuted(as_doubles(tensor.values), tensor.shape, parameter(tensor.name)->order);
  }

  // [T, N, C, H, W] -> [T, N, H, W, C]; without T for still images. Features [T, N, C] stay.
  std::vector<double> image() const {
    if (program.input.shape.size() == 1)
      return as_doubles(x.values);
    std::vector<int> order = x.shape.size() == 5 ? std::vector<int>{0, 1, 3, 4, 2} : std::vector<int>{0, 2, 3, 1};
    return permuted(as_doubles(x.values), x.shape, order);
  }

  std::map<std::string, Tensor> run(const ir::Module& module, const std::string& name,
                                    const std::map<std::string, Tensor>& given = {}) const {
    const ir::Function& function = *module.find(name);
    std::vector<Tensor> arguments;
    for (ir::Value value : function.parameters) {
      const std::string what = ir::label(function.values[value].port), name = function.values[value].port.name;
      Tensor tensor = interpreter::zeros(function.type(value), batch());
      if (given.count(what))
        tensor = given.at(what);
      else if (function.values[value].port.role == ir::Role::input)
        tensor.data = image();
      else if (function.values[value].port.role == ir::Role::state)
        std::fill(tensor.data.begin(), tensor.data.end(), function.values[value].port.initial);
      else if (function.values[value].port.role == ir::Role::labels)
        tensor.data = labels;
      else if (const runtime::Tensor* weight = weights.find(name))
        tensor.data = in_memory(*weight);
      arguments.push_back(tensor);
    }
    std::vector<Tensor> results = interpreter::evaluate(module, function, batch(), arguments);
    std::map<std::string, Tensor> named;
    for (size_t i = 0; i < results.size(); ++i)
      named[ir::label(function.result_ports[i])] = results[i];
    return named;
  }

  nlohmann::json facts;
  Sources sources;
  sema::Program program;
  runtime::Safetensors weights, gradients;
  runtime::NpyArray x;
  std::vector<double> labels, logits;

private:
  std::string path_;
  int64_t batch_ = 0;
};

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, InferenceAsGenerated) {
  Case golden(GetParam());
  ir::Module module;
  module.functions.push_back(irgen::generate_infer(golden.program));
  EXPECT_LE(relative_difference(golden.run(module, "infer")["logits"].data, golden.logits), logit_tolerance);
}

TEST_P(Golden, TrainingPipeline) {
  Case golden(GetParam());
  ir::Module module;
  module.functions = {irgen::generate_infer(golden.program), irgen::generate_train(golden.program)};
  Diagnostics diagnostics;
  Exit exit = Exit::ok;
  build::bind_teachers(module, golden.program, golden.sources, diagnostics, exit);
  ASSERT_FALSE(diagnostics.has_errors());
  std::vector<std::string> chosen = build::passes_of(build::training());
  // Some gradients magnify the rounding of folded constants to single precision.
  if (golden.facts.value("unfolded", false))
    chosen.erase(std::remove(chosen.begin(), chosen.end(), "fold_constants"), chosen.end());
  passes::run(module, chosen, {});
  EXPECT_LE(relative_difference(golden.run(module, "infer")["logits"].data, golden.logits), logit_tolerance);
  std::map<std::string, Tensor> results = golden.run(module, "gradient");
  EXPECT_LE(relative_difference(results["loss"].data, {golden.facts["loss"].get<double>()}), logit_tolerance);
  for (const runtime::Tensor& gradient : golden.gradients.tensors) {
    ASSERT_TRUE(results.count("grad:" + gradient.name)) << gradient.name;
    EXPECT_LE(relative_difference(results["grad:" + gradient.name].data, golden.in_memory(gradient)),
              gradient_tolerance)
        << gradient.name;
  }
}

TEST_P(Golden, DeploymentPipeline) {
  Case golden(GetParam());
  ir::Module module;
  module.functions = {irgen::generate_infer(golden.program)};
  if (golden.program.streams())
    module.functions.push_back(irgen::generate_step(golden.program));
  Diagnostics diagnostics;
  Exit exit = Exit::ok;
  build::bind_weights(module, golden.program, golden.weights_path(), "", diagnostics, exit);
  ASSERT_FALSE(diagnostics.has_errors());
  build::Facts facts;
  facts.at_rest = golden.program.begins_at_rest();
  passes::run(module, build::passes_of(build::deployment(), facts), {});
  EXPECT_LE(relative_difference(golden.run(module, "infer")["logits"].data, golden.logits), deployed_tolerance);

  if (!golden.program.streams())
    return;
  // Shown step by step, states kept by the caller; the read-out after the last step is that of the whole.
  const ir::Function& step = *module.find("step");
  std::vector<double> logits, image = golden.image();
  int64_t steps = golden.program.input.steps;
  std::map<std::string, Tensor> given;
  for (int64_t t = 0; t < steps; ++t) {
    Tensor frame = interpreter::zeros(step.type(step.parameter(ir::Role::input)), golden.batch());
    size_t at = golden.program.input.sequence ? static_cast<size_t>(t) * frame.data.size() : 0;
    std::copy_n(image.begin() + static_cast<int64_t>(at), frame.data.size(), frame.data.begin());
    given["input:image"] = frame;
    std::map<std::string, Tensor> results = golden.run(module, "step", given);
    logits = results["logits"].data;
    size_t states = 0;
    for (ir::Value value : step.parameters)
      if (const ir::Port& port = step.values[value].port; port.role == ir::Role::state) {
        given[ir::label(port)] = results[ir::label(port)];
        ++states;
      }
    ASSERT_GT(states, 0u);
  }
  EXPECT_LE(relative_difference(logits, golden.logits), deployed_tolerance);
}

std::vector<std::string> names() {
  std::vector<std::string> result;
  for (const std::string kind : {"cases", "interpreted"})
    for (const auto& entry : std::filesystem::directory_iterator(folder + "/" + kind))
      result.push_back(kind + "/" + entry.path().filename().string());
  std::sort(result.begin(), result.end());
  return result;
}

INSTANTIATE_TEST_SUITE_P(Cases, Golden, testing::ValuesIn(names()), [](const auto& info) {
  std::string name = info.param.substr(info.param.find('/') + 1);
  for (char& c : name)
    if (!isalnum(static_cast<unsigned char>(c)))
      c = '_';
  return name;
});

} // namespace
