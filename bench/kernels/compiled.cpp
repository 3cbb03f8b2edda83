#include "compiled.h"

#include "ir/text.h"
#include "layerkernels/layer.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>
#include <stdexcept>
#include <string>
#include <unistd.h>
#include <utility>

using namespace rvb;

namespace {

halide_type_t type_of(ir::Element element) {
  switch (element) {
  case ir::Element::f32: return {halide_type_float, 32};
  case ir::Element::boolean: return {halide_type_uint, 8};
  case ir::Element::i32: return {halide_type_int, 32};
  case ir::Element::u32: return {halide_type_uint, 32};
  case ir::Element::i16: return {halide_type_int, 16};
  }
  throw std::runtime_error("unknown element type");
}

// Numbers from -1 to 1, or, for spikes, half of them silent; labels of up to ten classes; random bits.
void fill(void* host, int64_t count, ir::Element element, bool spikes, double silent) {
  std::minstd_rand random;
  if (silent >= 0 && element != ir::Element::u32) {
    const auto bytes = static_cast<size_t>(ir::bytes_of(element));
    std::memset(host, 0, static_cast<size_t>(count) * bytes);
    for (int64_t group = 0; group < count; group += 4) {
      const bool fires = static_cast<double>(random() >> 4 & 0xffff) >= 65536 * silent;
      for (int64_t i = group; fires && i < std::min(count, group + 4); ++i) {
        const auto size = static_cast<int16_t>(random() >> 4 & 511);
        auto* place = static_cast<uint8_t*>(host) + static_cast<size_t>(i) * bytes;
        const float real = static_cast<float>(size) / 512;
        const int32_t whole = size;
        std::memcpy(place,
                    bytes == 2                    ? static_cast<const void*>(&size)
                    : element == ir::Element::f32 ? &real
                                                  : static_cast<const void*>(&whole),
                    bytes);
      }
    }
    return;
  }
  switch (element) {
  case ir::Element::f32:
    std::generate_n(static_cast<float*>(host), count, [&] {
      float value = static_cast<float>(random() % 2001) / 1000 - 1;
      return spikes ? std::max(value, 0.0f) : value;
    });
    break;
  case ir::Element::boolean:
    std::generate_n(static_cast<uint8_t*>(host), count, [&] { return static_cast<uint8_t>(random() >> 8 & 1); });
    break;
  case ir::Element::i32:
    std::generate_n(static_cast<int32_t*>(host), count, [&] { return static_cast<int32_t>(random() % 10); });
    break;
  case ir::Element::i16:
    std::generate_n(static_cast<int16_t*>(host), count, [&] { return static_cast<int16_t>(random() % 1024); });
    break;
  case ir::Element::u32: std::generate_n(static_cast<uint32_t*>(host), count, random); break;
  }
}

template <size_t> using Buffer = halide_buffer_t*;
template <size_t... I> int call_with(void* function, halide_buffer_t* b, std::index_sequence<I...>) {
  return reinterpret_cast<int (*)(Buffer<I>...)>(function)((b + I)...);
}

} // namespace

Compiled::Compiled(const Case& c) {
  ir::Module module = ir::parse(c.text);
  const ir::Function& f = module.functions[0];
  const ir::Op& op = f.ops[0];
  targets::Target target = targets::host();
  bool has_layer = layerkernels::has_layer(f, op, target); // as programs run it
  layerkernels::Layer layer = layerkernels::layer(f, op, nullptr);
  std::string name = has_layer ? layerkernels::symbol(layer, target) : kernels::symbol(f, op, target);
  std::string path = std::filesystem::temp_directory_path() / (name + "_" + std::to_string(getpid()));
  if (has_layer)
    layerkernels::compile_layer(layer, target, machine::OutputKind::object, path + ".o");
  else
    kernels::compile(f, op, target, {}, path + ".o");
  if (std::system(("cc -shared -o " + path + ".so " + path + ".o -lm").c_str()) != 0)
    throw std::runtime_error("cannot link " + path);
  void* library = dlopen((path + ".so").c_str(), RTLD_NOW);
  if (library == nullptr)
    throw std::runtime_error(dlerror());
  function_ = dlsym(library, name.c_str());
  std::filesystem::remove(path + ".o");
  std::filesystem::remove(path + ".so");
  kernels::Interface interface = has_layer ? layerkernels::interface_of(layer) : kernels::interface_of(f, op);
  for (const kernels::View& view : interface.inputs)
    add(view, c, false);
  for (const kernels::View& view : interface.outputs)
    add(view, c, true);
}

void Compiled::add(const kernels::View& view, const Case& c, bool output) {
  halide_buffer_t buffer{};
  buffer.type = type_of(view.element);
  std::vector<halide_dimension_t> shape;
  int64_t stride = 1;
  for (const kernels::Extent& e : view.dims) {
    int64_t extent = e.constant + e.per_sample * c.batch;
    shape.emplace_back(0, static_cast<int32_t>(extent), static_cast<int32_t>(stride));
    stride *= extent;
  }
  int64_t bytes = stride * buffer.type.bytes();
  (output ? written_ : read_) += bytes;
  // 64 bytes: what runtime/interface/program.h promises.
  void* host = aligned_alloc(64, static_cast<size_t>((bytes + 63) / 64 * 64));
  fill(host, stride, view.element, c.spikes, output ? -1 : c.silent);
  buffer.host = static_cast<uint8_t*>(host);
  buffer.dimensions = static_cast<int32_t>(shape.size());
  dims_.push_back(std::move(shape));
  buffers_.push_back(buffer);
}

int Compiled::call() {
  for (size_t i = 0; i < buffers_.size(); ++i)
    buffers_[i].dim = dims_[i].data();
  halide_buffer_t* b = buffers_.data();
  switch (buffers_.size()) {
  case 1: return call_with(function_, b, std::make_index_sequence<1>());
  case 2: return call_with(function_, b, std::make_index_sequence<2>());
  case 3: return call_with(function_, b, std::make_index_sequence<3>());
  case 4: return call_with(function_, b, std::make_index_sequence<4>());
  case 5: return call_with(function_, b, std::make_index_sequence<5>());
  case 6: return call_with(function_, b, std::make_index_sequence<6>());
  default: throw std::runtime_error("too many arrays");
  }
}
