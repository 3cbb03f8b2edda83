// oracle NETWORK.rvb WEIGHTS INPUT.npy LOGITS.npy [NAME=VALUE …]: what the network answers, by the interpreter in
// double precision, without passes and kernels. Weights and input that are not there are made first, at random.
#include "base/random.h"
#include "build/weights.h"
#include "files/npy.h"
#include "files/safetensors.h"
#include "interpreter.h"
#include "irgen/generate.h"
#include "layers/layer.h"
#include "sema/check.h"
#include "support/render.h"

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace rvb;

namespace {

std::string read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

sema::Program checked(int argc, char** argv) {
  sema::Options options;
  options.stdlib = RVB_STDLIB;
  for (int i = 5; i < argc; ++i) {
    const std::string word = argv[i];
    options.defines[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
  }
  Sources sources;
  Diagnostics diagnostics;
  auto program = sema::check(sources, sources.add(argv[1], read_text(argv[1])), options, diagnostics);
  if (!program)
    throw std::runtime_error(render(sources, diagnostics, {}));
  return *program;
}

// Currents of about 1 whatever the layers' size is, factors of either sign: neurons fire, and no factor is a neutral
// one.
void make_weights(const sema::Program& program, const std::string& path) {
  runtime::Safetensors file;
  double inputs = 1;
  for (const sema::Parameter& p : program.parameters) {
    runtime::Tensor tensor{p.name, p.shape, {}};
    int64_t count = 1;
    for (const int64_t extent : p.shape)
      count *= extent;
    tensor.values.resize(static_cast<size_t>(count));
    runtime::fill_normal({7, 0, static_cast<uint32_t>(file.tensors.size()), runtime::Draw::initial_weights},
                         tensor.values.data(), count);
    if (p.role == sema::Role::weight)
      inputs = static_cast<double>(count) / static_cast<double>(p.shape[0]);
    for (float& value : tensor.values) {
      const double n = value;
      double made = n;
      switch (p.role) {
      case sema::Role::weight: break;
      case sema::Role::alpha: made = 0.7 + 0.5 * n; break;
      case sema::Role::bias: made = 0.3 * n; break;
      case sema::Role::gamma: made = 1 + 0.4 * n; break;
      case sema::Role::beta: made = 0.3 * n; break;
      case sema::Role::step_scale: made = 1 + 0.2 * n; break;
      case sema::Role::running_mean: made = 0.2 * n * std::sqrt(inputs); break;
      case sema::Role::running_variance: made = inputs * std::exp(0.3 * n); break;
      case sema::Role::neuron: made = p.initializer.value + 0.2 * n; break;
      }
      value = static_cast<float>(made);
    }
    file.tensors.push_back(std::move(tensor));
  }
  runtime::write_safetensors(path, file);
}

// Two samples, as PyTorch has them: [N, C, …] or [T, N, C, …].
void make_input(const sema::Program& program, const std::string& path) {
  std::vector<int64_t> shape = {2};
  if (program.input.sequence)
    shape.insert(shape.begin(), program.input.steps);
  shape.insert(shape.end(), program.input.shape.begin(), program.input.shape.end());
  int64_t count = 1;
  for (const int64_t extent : shape)
    count *= extent;
  std::vector<float> values(static_cast<size_t>(count));
  runtime::fill_normal({8, 0, 0, runtime::Draw::input}, values.data(), count);
  runtime::write_npy(path, shape, values.data());
}

// Channels, which follow the leading dimensions, become the innermost.
std::vector<double> in_memory(const runtime::NpyArray& array, size_t leading) {
  size_t outer = 1, channels = static_cast<size_t>(array.shape[leading]), inner = 1;
  for (size_t d = 0; d < leading; ++d)
    outer *= static_cast<size_t>(array.shape[d]);
  for (size_t d = leading + 1; d < array.shape.size(); ++d)
    inner *= static_cast<size_t>(array.shape[d]);
  std::vector<double> result;
  for (size_t o = 0; o < outer; ++o)
    for (size_t i = 0; i < inner; ++i)
      for (size_t c = 0; c < channels; ++c)
        result.push_back(array.values[(o * channels + c) * inner + i]);
  return result;
}

void run(int argc, char** argv) {
  const sema::Program program = checked(argc, argv);
  const std::string weights = argv[2], input = argv[3];
  if (!std::filesystem::exists(weights))
    make_weights(program, weights);
  if (!std::filesystem::exists(input))
    make_input(program, input);
  ir::Module module;
  module.functions.push_back(irgen::generate_infer(program));
  Diagnostics diagnostics;
  Exit exit = Exit::ok;
  build::bind_weights(module, program, weights, "", diagnostics, exit);
  if (diagnostics.has_errors())
    throw std::runtime_error(render(Sources(), diagnostics, {}));
  const runtime::NpyArray array = runtime::read_npy(input);
  const size_t leading = program.input.sequence ? 2 : 1;
  const int64_t batch = array.shape[leading - 1];
  const ir::Function& function = module.functions[0];
  interpreter::Tensor image = interpreter::zeros(function.type(function.parameters[0]), batch);
  image.data = in_memory(array, leading);
  const interpreter::Tensor logits = interpreter::evaluate(module, function, batch, {image})[0];
  const std::vector<float> values(logits.data.begin(), logits.data.end());
  runtime::write_npy(argv[4], logits.type.dims, values.data());
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: oracle NETWORK.rvb WEIGHTS INPUT.npy LOGITS.npy [NAME=VALUE ...]\n");
    return 2;
  }
  try {
    run(argc, argv);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "oracle: %s\n", error.what());
    return 1;
  }
}
