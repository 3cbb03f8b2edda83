#include "native.h"

#include "build/compile.h"
#include "build/linking/link.h"
#include "host/paths.h"
#include "interface/program.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <stdexcept>

namespace rvb::tests {

using interpreter::Tensor;

struct Native::Program {
  ir::Module module;
  std::vector<codegen::Plan> plans;
  TemporaryFolder folder;
  void* library = nullptr;
  const rvb_program* program = nullptr;
};

namespace {

// 64-byte aligned, with a border of sentinels after it that nobody may write to.
class Array {
public:
  explicit Array(size_t bytes) : bytes_(bytes), data_(static_cast<uint8_t*>(std::aligned_alloc(64, rounded()))) {
    std::memset(data_.get(), 0xa5, rounded());
  }
  uint8_t* get() const { return data_.get(); }
  bool intact() const {
    return std::all_of(get() + bytes_, get() + rounded(), [](uint8_t byte) { return byte == 0xa5; });
  }

private:
  size_t rounded() const { return (bytes_ + 63) / 64 * 64 + 64; }
  struct Free {
    void operator()(uint8_t* data) const { std::free(data); }
  };
  size_t bytes_;
  std::unique_ptr<uint8_t, Free> data_;
};

template <typename T> void store(const std::vector<double>& numbers, uint8_t* bytes) {
  for (size_t i = 0; i < numbers.size(); ++i) {
    const T value = static_cast<T>(numbers[i]);
    std::memcpy(bytes + i * sizeof(T), &value, sizeof(T));
  }
}

template <typename T> void load(const uint8_t* bytes, std::vector<double>& numbers) {
  for (size_t i = 0; i < numbers.size(); ++i) {
    T value;
    std::memcpy(&value, bytes + i * sizeof(T), sizeof(T));
    numbers[i] = static_cast<double>(value);
  }
}

// `apply` to a number of the element type.
template <typename F> void with_element(ir::Element element, F apply) {
  switch (element) {
  case ir::Element::f32: return apply(float());
  case ir::Element::boolean: return apply(uint8_t());
  case ir::Element::i32: return apply(int32_t());
  case ir::Element::u32: return apply(uint32_t());
  case ir::Element::i16: return apply(int16_t());
  }
}

size_t bytes_of(const ir::Type& type, int64_t batch) {
  return static_cast<size_t>(interpreter::resolve(type, batch).elements_per_sample() * ir::bytes_of(type.element));
}

} // namespace

Native::Native(const ir::Module& module, const targets::Target& target) : program_(std::make_unique<Program>()) {
  Program& p = *program_;
  p.module = module;
  p.plans = build::plan_all(p.module, target);
  const std::string folder = p.folder.path();
  const build::KernelObjects objects =
      build::compile_kernels(build::kernel_requests(p.module, p.plans), target, folder, 0, true);
  std::vector<std::string> words{"c++", "-shared", "-o", folder + "/program.so"};
  for (const std::string& file : build::write_program(folder, p.module, p.plans, {}, target, objects))
    words.push_back(folder + "/" + file);
  build::run_tool(words, folder);
  p.library = dlopen((folder + "/program.so").c_str(), RTLD_NOW | RTLD_LOCAL);
  if (p.library == nullptr)
    throw std::runtime_error(dlerror());
  p.program = static_cast<const rvb_program*>(dlsym(p.library, "rvb_compiled_program"));
}

Native::~Native() {
  if (program_->library != nullptr)
    dlclose(program_->library);
}

std::vector<Tensor> Native::call(const std::string& name, int64_t batch, const std::vector<Tensor>& arguments) const {
  const ir::Function& function = *program_->module.find(name);
  const rvb_function* entry =
      std::find_if(program_->program->functions, program_->program->functions + program_->program->function_count,
                   [&](const rvb_function& f) { return f.name == name; });
  std::vector<Array> in, out;
  std::vector<const void*> in_places;
  std::vector<void*> out_places;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const ir::Type& type = function.type(function.parameters[i]);
    in.emplace_back(bytes_of(type, batch));
    with_element(type.element, [&](auto number) { store<decltype(number)>(arguments[i].data, in.back().get()); });
    in_places.push_back(in.back().get());
  }
  for (const ir::Operand& result : function.results) {
    out.emplace_back(bytes_of(function.type(result.value), batch));
    out_places.push_back(out.back().get());
  }
  const Array block(static_cast<size_t>(entry->static_bytes + batch * entry->sample_bytes));
  const rvb_frame frame{batch, in_places.data(), out_places.data(), block.get()};
  if (const int code = entry->run(&frame); code != 0)
    throw std::runtime_error("@" + name + " returns " + std::to_string(code));
  if (!block.intact() || !std::all_of(out.begin(), out.end(), [](const Array& array) { return array.intact(); }))
    throw std::runtime_error("@" + name + " writes past the end of an array");
  std::vector<Tensor> results;
  for (size_t i = 0; i < out.size(); ++i) {
    const ir::Type& type = function.type(function.results[i].value);
    results.push_back(interpreter::zeros(type, batch));
    with_element(type.element, [&](auto number) { load<decltype(number)>(out[i].get(), results.back().data); });
  }
  return results;
}

} // namespace rvb::tests
