// How fast kernels run, by themselves. Each is compiled for this CPU, linked and called as a compiled program calls it.
//
//   kernels_bench [--benchmark_filter=conv2d]      RVB_THREADS=1 for one core
//
// Columns: time of a call; GMAC/s or GB/s, from the shortest of the runs (what the machine can do when nothing else
// wants it); `of_peak` is the share of one core's multiply-adds, measured first.
#include "core.h"
#include "peak.h"

#include "ir/text.h"
#include "kernels/kernels.h"

#include <HalideRuntime.h>
#include <benchmark/benchmark.h>
#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <random>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

using namespace rvb;

double peak = 0;

struct Case {
  std::string name, text; // one function of one operation
  int64_t batch = 1;
  double multiply_adds = 0; // a sample; 0: bytes count
};

struct Compiled {
  std::vector<std::vector<halide_dimension_t>> dims;
  std::vector<halide_buffer_t> buffers;
  void* function = nullptr;
  double bytes = 0;

  explicit Compiled(const Case& c) {
    ir::Module module = ir::parse(c.text);
    const ir::Function& f = module.functions[0];
    const ir::Op& op = f.ops[0];
    kernels::Target target = kernels::host();
    std::string name = kernels::symbol(f, op, target);
    std::string path = std::filesystem::temp_directory_path() / (name + "_" + std::to_string(getpid()));
    kernels::compile(f, op, target, {}, path + ".o");
    if (std::system(("cc -shared -o " + path + ".so " + path + ".o -lm").c_str()) != 0)
      throw std::runtime_error("cannot link " + path);
    void* library = dlopen((path + ".so").c_str(), RTLD_NOW);
    if (library == nullptr)
      throw std::runtime_error(dlerror());
    function = dlsym(library, name.c_str());
    std::filesystem::remove(path + ".o");
    std::filesystem::remove(path + ".so");
    kernels::Interface interface = kernels::interface_of(f, op);
    for (const kernels::View& view : interface.inputs)
      add(view, c.batch);
    for (const kernels::View& view : interface.outputs)
      add(view, c.batch);
  }

  void add(const kernels::View& view, int64_t batch) {
    std::vector<halide_dimension_t> shape;
    int64_t stride = 1;
    for (const kernels::Extent& e : view.dims) {
      int64_t extent = e.constant + e.per_sample * batch;
      shape.emplace_back(0, static_cast<int32_t>(extent), static_cast<int32_t>(stride));
      stride *= extent;
    }
    size_t size = static_cast<size_t>(stride) * 4;
    bytes += static_cast<double>(size);
    void* host = aligned_alloc(64, (size + 63) / 64 * 64);
    std::minstd_rand random;
    if (view.element == ir::Element::u32)
      std::generate_n(static_cast<uint32_t*>(host), stride, random);
    else
      std::generate_n(static_cast<float*>(host), stride,
                      [&] { return static_cast<float>(random() % 2001) / 1000 - 1; });
    halide_buffer_t buffer{};
    buffer.host = static_cast<uint8_t*>(host);
    buffer.type =
        view.element == ir::Element::f32 ? halide_type_t(halide_type_float, 32) : halide_type_t(halide_type_uint, 32);
    buffer.dimensions = static_cast<int32_t>(shape.size());
    dims.push_back(std::move(shape));
    buffers.push_back(buffer);
  }

  int call() {
    for (size_t i = 0; i < buffers.size(); ++i)
      buffers[i].dim = dims[i].data();
    halide_buffer_t* b = buffers.data();
    switch (buffers.size()) {
    case 2: return reinterpret_cast<int (*)(halide_buffer_t*, halide_buffer_t*)>(function)(b, b + 1);
    case 3:
      return reinterpret_cast<int (*)(halide_buffer_t*, halide_buffer_t*, halide_buffer_t*)>(function)(b, b + 1, b + 2);
    case 4:
      return reinterpret_cast<int (*)(halide_buffer_t*, halide_buffer_t*, halide_buffer_t*, halide_buffer_t*)>(
          function)(b, b + 1, b + 2, b + 3);
    case 5:
      return reinterpret_cast<int (*)(halide_buffer_t*, halide_buffer_t*, halide_buffer_t*, halide_buffer_t*,
                                      halide_buffer_t*)>(function)(b, b + 1, b + 2, b + 3, b + 4);
    default: throw std::runtime_error("too many arrays");
    }
  }
};

// One thread is timed by the processor time it got, which a busy machine disturbs less.
double seconds() {
  timespec now{};
  clock_gettime(rvb_threads() == 1 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void measure(benchmark::State& state, const Case& c) {
  Compiled kernel(c);
  double best = 1e9;
  for (auto _ : state) {
    double begin = seconds();
    if (kernel.call() != 0)
      state.SkipWithError("the kernel failed");
    best = std::min(best, seconds() - begin);
  }
  if (c.multiply_adds != 0) {
    double rate = c.multiply_adds * static_cast<double>(c.batch) / best;
    state.counters["GMAC/s"] = rate / 1e9;
    state.counters["of_peak"] = rate / peak;
  } else {
    state.counters["GB/s"] = kernel.bytes / best / 1e9;
  }
  state.counters["best_ms"] = best * 1e3;
}

std::string dims(std::initializer_list<int64_t> list) {
  std::string text;
  for (int64_t d : list)
    text += (text.empty() ? "" : ",") + (d < 0 ? std::string("?") : std::to_string(d));
  return "[" + text + "]";
}

std::vector<Case> convolution(int64_t size, int64_t in, int64_t out, int64_t stride, int64_t batch) {
  int64_t o = (size + 2 - 3) / stride + 1;
  std::string x = "f32" + dims({-1, size, size, in}), y = "f32" + dims({-1, o, o, out}),
              w = "f32" + dims({3, 3, in, out});
  std::string bits = "u32" + dims({9, (in + 31) / 32, out});
  std::string window = "pad = [1, 1], ", step = "stride = " + dims({stride, stride});
  std::string name =
      std::to_string(in) + "->" + std::to_string(out) + "@" + std::to_string(size) + "/" + std::to_string(stride);
  double work = static_cast<double>(o * o * in * out * 9);
  auto function = [](const std::string& a, const std::string& b, const std::string& call, const std::string& r) {
    return "func @f(%a: " + a + ", %b: " + b + ") -> (" + r + ") {\n  %r = " + call + " : " + r + "\n  ret(%r)\n}\n";
  };
  return {{"conv2d " + name, function(x, w, "conv2d(%a, %b) {" + window + step + "}", y), batch, work},
          {"conv2d_input_gradient " + name,
           function(y, w,
                    "conv2d_input_gradient(%a, %b) {" + window + "size = " + dims({size, size}) + ", " + step + "}", x),
           batch, work},
          {"conv2d_weight_gradient " + name,
           function(x, y, "conv2d_weight_gradient(%a, %b) {kernel = [3, 3], " + window + step + "}", w), batch, work},
          {"binary_conv2d " + name,
           function(
               x, bits,
               "binary_conv2d(%a, %b) {channels = " + dims({in, out}) + ", kernel = [3, 3], " + window + step + "}", y),
           batch, work}};
}

std::vector<Case> linear(int64_t in, int64_t out, int64_t batch) {
  std::string x = "f32" + dims({-1, in}), y = "f32" + dims({-1, out}), w = "f32" + dims({in, out});
  std::string bits = "u32" + dims({1, (in + 31) / 32, out});
  std::string name = std::to_string(in) + "->" + std::to_string(out) + " batch " + std::to_string(batch);
  double work = static_cast<double>(in * out);
  auto function = [](const std::string& a, const std::string& b, const std::string& call, const std::string& r) {
    return "func @f(%a: " + a + ", %b: " + b + ") -> (" + r + ") {\n  %r = " + call + " : " + r + "\n  ret(%r)\n}\n";
  };
  return {{"linear " + name, function(x, w, "linear(%a, %b)", y), batch, work},
          {"linear_input_gradient " + name, function(y, w, "linear_input_gradient(%a, %b)", x), batch, work},
          {"linear_weight_gradient " + name, function(x, y, "linear_weight_gradient(%a, %b)", w), batch, work},
          {"binary_linear " + name, function(x, bits, "binary_linear(%a, %b) {channels = " + dims({in, out}) + "}", y),
           batch, work}};
}

std::vector<Case> memory_bound() {
  std::string x = "f32[?,28,28,64]", p = "f32[?,14,14,64]", c = "f32[64]";
  std::vector<Case> cases;
  cases.push_back({"moments",
                   "func @f(%x: " + x + ") -> (" + c + ", " + c + ", " + c +
                       ") {\n  %m, %v, %u = moments(%x) {copies = 1} : " + c + ", " + c + ", " + c +
                       "\n  ret(%m, %v, %u)\n}\n",
                   64});
  cases.push_back({"centered_sums",
                   "func @f(%g: " + x + ", %x: " + x + ", %m: " + c + ") -> (" + c + ", " + c +
                       ") {\n  %a, %b = centered_sums(%g, %x, %m) : " + c + ", " + c + "\n  ret(%a, %b)\n}\n",
                   64});
  cases.push_back(
      {"sum", "func @f(%x: " + x + ") -> (" + c + ") {\n  %r = sum(%x) {axis = 3} : " + c + "\n  ret(%r)\n}\n", 64});
  cases.push_back(
      {"add", "func @f(%x: " + x + ", %y: " + x + ") -> (" + x + ") {\n  %r = add(%x, %y) : " + x + "\n  ret(%r)\n}\n",
       64});
  cases.push_back(
      {"add of a bias",
       "func @f(%x: " + x + ", %y: " + c + ") -> (" + x + ") {\n  %r = add(%x, %y) : " + x + "\n  ret(%r)\n}\n", 64});
  cases.push_back({"avgpool",
                   "func @f(%x: " + x + ") -> (" + p +
                       ") {\n  %r = avgpool(%x) {kernel = [2, 2], pad = [0, 0], stride = [2, 2]} : " + p +
                       "\n  ret(%r)\n}\n",
                   64});
  cases.push_back(
      {"avgpool_gradient",
       "func @f(%g: " + p + ") -> (" + x +
           ") {\n  %r = avgpool_gradient(%g) {kernel = [2, 2], pad = [0, 0], size = [28, 28], stride = [2, 2]} : " + x +
           "\n  ret(%r)\n}\n",
       64});
  cases.push_back({"flatten",
                   "func @f(%x: f32[?,7,7,128]) -> (f32[?,6272]) {\n  %r = flatten(%x) : f32[?,6272]\n  ret(%r)\n}\n",
                   128});
  cases.push_back({"unflatten",
                   "func @f(%x: f32[?,6272]) -> (f32[?,7,7,128]) {\n  %r = unflatten(%x) {size = [7, 7, 128]} : "
                   "f32[?,7,7,128]\n  ret(%r)\n}\n",
                   128});
  return cases;
}

} // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (const char* threads = std::getenv("RVB_THREADS"))
    rvb_set_threads(std::atoi(threads));
  peak = peak_multiply_adds();
  std::cout << "peak of one core: " << peak / 1e9 << " GMAC/s\n";
  std::vector<Case> cases;
  auto add = [&](const std::vector<Case>& more) { cases.insert(cases.end(), more.begin(), more.end()); };
  add(convolution(14, 64, 128, 1, 4));
  add(convolution(28, 32, 64, 1, 4));
  add(convolution(16, 128, 128, 1, 2));
  add(convolution(4, 512, 512, 1, 8));
  add(convolution(28, 1, 32, 1, 16));
  add(convolution(32, 3, 64, 1, 4));
  add(convolution(16, 64, 128, 2, 8));
  add(linear(6272, 10, 128));
  add(linear(512, 512, 128));
  add(memory_bound());
  for (const Case& c : cases)
    benchmark::RegisterBenchmark(c.name.c_str(), measure, c)
        ->Unit(benchmark::kMillisecond)
        ->MeasureProcessCPUTime()
        ->UseRealTime();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
