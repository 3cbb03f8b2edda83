#include "loaded_layer.h"

#include "random_module.h"

#include <gtest/gtest.h>

#include <cstring>
#include <dlfcn.h>
#include <filesystem>
#include <unistd.h>

namespace rvb::layerkernels {

using interpreter::Tensor;
using std::string;
using std::to_string;

namespace {

// halide_buffer_t and its dimensions, as HalideRuntime.h has them.
struct Dimension {
  int32_t min, extent, stride;
  uint32_t flags;
};
} // namespace

struct CallBuffer {
  uint64_t device;
  void* device_interface;
  void* host;
  uint64_t flags;
  uint8_t code, bits;
  uint16_t lanes;
  int32_t dimensions;
  Dimension* dim;
  void* padding;
};

namespace {

constexpr size_t canary = 64;

struct Array {
  std::vector<uint8_t> bytes;
  size_t begin = 0; // 64-byte aligned
  explicit Array(size_t size) : bytes(size + canary + 64, 0xa5) {
    begin = (64 - reinterpret_cast<uintptr_t>(bytes.data()) % 64) % 64;
  }
  uint8_t* data() { return bytes.data() + begin; }
};

size_t elements(const ir::Type& type) {
  size_t n = 1;
  for (int64_t d : type.dims)
    n *= static_cast<size_t>(d);
  return n;
}

} // namespace

std::vector<targets::Target> targets_here() {
  std::vector<targets::Target> result;
  for (const targets::Target& row : targets::rows())
    if (row.has_tables() && row.runs_here())
      result.push_back(row);
  return result;
}

std::vector<Tensor> float_arguments(const ir::Function& function, int64_t batch) {
  std::vector<Tensor> arguments = interpreter::random_arguments(function, batch, 7);
  for (Tensor& argument : arguments)
    if (argument.type.element == ir::Element::f32)
      for (double& v : argument.data)
        v = static_cast<float>(v);
  return arguments;
}

std::map<ir::Value, Tensor> values_of(const ir::Function& function, const std::vector<Tensor>& arguments) {
  std::map<ir::Value, Tensor> values;
  for (size_t i = 0; i < arguments.size(); ++i)
    values[function.parameters[i]] = arguments[i];
  return values;
}

LoadedLayer::LoadedLayer(const Layer& layer, const targets::Target& target) : layer_(layer) {
  std::filesystem::path folder = std::filesystem::temp_directory_path();
  string object = folder / (symbol(layer, target) + "_" + to_string(getpid()) + ".o"), shared = object + ".so";
  compile_layer(layer, target, machine::OutputKind::object, object);
  EXPECT_EQ(0, system(("ld -shared -o " + shared + " " + object).c_str()));
  handle_ = dlopen(shared.c_str(), RTLD_NOW);
  EXPECT_NE(nullptr, handle_) << dlerror();
  function_ = dlsym(handle_, symbol(layer, target).c_str());
  EXPECT_NE(nullptr, function_);
  std::filesystem::remove(object);
  std::filesystem::remove(shared);
}

LoadedLayer::~LoadedLayer() {
  dlclose(handle_);
}

int LoadedLayer::call(std::vector<CallBuffer>& b) const {
  b.resize(12); // more arguments than a layer has: the calling convention of C ignores the rest
  using F = int (*)(CallBuffer*, CallBuffer*, CallBuffer*, CallBuffer*, CallBuffer*, CallBuffer*, CallBuffer*,
                    CallBuffer*, CallBuffer*, CallBuffer*, CallBuffer*, CallBuffer*);
  return reinterpret_cast<F>(function_)(&b[0], &b[1], &b[2], &b[3], &b[4], &b[5], &b[6], &b[7], &b[8], &b[9], &b[10],
                                        &b[11]);
}

CallArrays arrays_of(const Layer& layer, int64_t batch, const std::map<ir::Value, Tensor>& values) {
  CallArrays arrays;
  kernels::Interface views = interface_of(layer);
  std::vector<ir::Value> inputs = inputs_of(layer), outputs = outputs_of(layer);
  auto array = [&](const ir::Type& type, const kernels::View& view) {
    CallArray result{std::vector<uint8_t>(elements(type) * static_cast<size_t>(ir::bytes_of(type.element))), {}};
    for (const kernels::Extent& e : view.dims)
      result.extents.push_back(static_cast<int32_t>(e.constant + e.per_sample * batch));
    return result;
  };
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Tensor& tensor = values.at(inputs[i]);
    arrays.inputs.push_back(array(tensor.type, views.inputs[i]));
    uint8_t* bytes = arrays.inputs.back().bytes.data();
    for (size_t k = 0; k < tensor.data.size(); ++k) {
      if (tensor.type.element == ir::Element::i16) {
        auto s = static_cast<int16_t>(tensor.data[k]);
        memcpy(bytes + 2 * k, &s, 2);
        continue;
      }
      auto f = static_cast<float>(tensor.data[k]);
      auto u =
          static_cast<uint32_t>(static_cast<int64_t>(tensor.type.element == ir::Element::f32 ? 0 : tensor.data[k]));
      memcpy(bytes + 4 * k, tensor.type.element == ir::Element::f32 ? static_cast<void*>(&f) : &u, 4);
    }
  }
  for (size_t i = 0; i < outputs.size(); ++i)
    arrays.outputs.push_back(array(interpreter::resolve(layer.function->type(outputs[i]), batch), views.outputs[i]));
  return arrays;
}

std::vector<std::vector<uint8_t>> LoadedLayer::run(int64_t batch, const std::map<ir::Value, Tensor>& values) const {
  const CallArrays call_arrays = arrays_of(layer_, batch, values);
  std::vector<Array> arrays;
  std::vector<CallBuffer> buffers;
  std::vector<std::vector<Dimension>> dims;
  for (const std::vector<CallArray>* list : {&call_arrays.inputs, &call_arrays.outputs})
    for (const CallArray& array : *list) {
      arrays.emplace_back(array.bytes.size());
      if (list == &call_arrays.inputs)
        memcpy(arrays.back().data(), array.bytes.data(), array.bytes.size());
      dims.emplace_back();
      for (int32_t extent : array.extents)
        dims.back().push_back({0, extent, 1, 0});
    }
  for (size_t i = 0; i < arrays.size(); ++i) {
    CallBuffer b{};
    b.host = arrays[i].data();
    b.dimensions = static_cast<int32_t>(dims[i].size());
    b.dim = dims[i].data();
    buffers.push_back(b);
  }
  EXPECT_EQ(0, call(buffers));
  std::vector<std::vector<uint8_t>> results;
  const size_t inputs = call_arrays.inputs.size();
  for (size_t i = inputs; i < arrays.size(); ++i) {
    size_t size = arrays[i].bytes.size() - canary - 64;
    results.emplace_back(arrays[i].data(), arrays[i].data() + size);
    for (size_t k = 0; k < canary; ++k)
      EXPECT_EQ(0xa5, arrays[i].data()[size + k]) << "written past the end of result " << i - inputs;
  }
  return results;
}

std::vector<Tensor> tensors(const Layer& layer, int64_t batch, const std::vector<std::vector<uint8_t>>& bytes) {
  std::vector<Tensor> results;
  for (size_t i = 0; i < bytes.size(); ++i) {
    Tensor tensor{interpreter::resolve(layer.function->type(outputs_of(layer)[i]), batch), {}};
    for (size_t k = 0; k < elements(tensor.type); ++k) {
      float f = bytes[i][k];
      int32_t whole = 0;
      int16_t narrow = 0;
      if (tensor.type.element == ir::Element::f32)
        memcpy(&f, bytes[i].data() + 4 * k, 4);
      if (tensor.type.element == ir::Element::i32) {
        memcpy(&whole, bytes[i].data() + 4 * k, 4);
        tensor.data.push_back(whole);
        continue;
      }
      if (tensor.type.element == ir::Element::i16) {
        memcpy(&narrow, bytes[i].data() + 2 * k, 2);
        f = narrow;
      }
      tensor.data.push_back(f);
    }
    results.push_back(tensor);
  }
  return results;
}

} // namespace rvb::layerkernels
