// From a kernel to an object file, or to code in memory that runs at once.
#include "kernels/kernel.h"

#include "support/result.h"

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <new>
#include <sstream>
#include <unistd.h>

namespace rvb::kernels {

namespace {

[[noreturn]] void fail(const ir::Op& op, const std::string& what) {
  throw Failure(Exit::internal, std::string("kernel of `") + ir::info(op.opcode).name + "`: " + what);
}

// Runs `work`, turns what Halide throws into a Failure. Halide takes a file that it cannot open for its own mistake.
template <typename Work> void guarded(const ir::Op& op, Work work) {
  try {
    work();
  } catch (const Halide::Error& error) {
    const std::string text = error.what();
    static const char opening[] = "Error opening output ";
    if (const size_t found = text.find(opening); found != std::string::npos) {
      const size_t begin = found + sizeof opening - 1;
      throw Failure(Exit::io, "cannot write " + text.substr(begin, text.find('\n', begin) - begin));
    }
    fail(op, text);
  }
}

// Neurons, elementwise operations and sums over time round every operation by itself and in order. So step by step
// gives the bits of the whole sequence, and a membrane that meets its threshold meets it however the network is cut
// into kernels: an operation has the same bits in the body of a scan and by itself, in a vector and in what is left
// over. Sums of constants are taken by a pass, too, to the same bits (passes/known.cpp). These kernels wait for memory,
// not for arithmetic.
std::string rounding(const ir::Op& op) {
  const bool in_order = (ir::info(op.opcode).traits & ir::elementwise) != 0 || op.opcode == ir::Opcode::scan ||
                        op.opcode == ir::Opcode::scale || op.opcode == ir::Opcode::mean_time ||
                        op.opcode == ir::Opcode::sum_time || op.opcode == ir::Opcode::sum ||
                        op.opcode == ir::Opcode::reduce;
  return in_order ? "-strict_float" : "";
}

// Dense strides and fixed extents, so that addresses are constants and inner loops have no tails. Halide takes the
// extents of all results of a tuple from the first.
template <typename Param> void bind(Param& param, const View& view, bool extents) {
  param.set_host_alignment(64); // runtime/interface/program.h
  int64_t stride = 1;
  for (size_t i = 0; i < view.dims.size(); ++i) {
    auto dim = param.dim(static_cast<int>(i));
    if (stride > 0 && stride <= INT32_MAX)
      dim.set_stride(static_cast<int32_t>(stride));
    if (extents)
      dim.set_min(0);
    if (extents && view.dims[i].per_sample == 0)
      dim.set_extent(static_cast<int32_t>(view.dims[i].constant));
    // Outside the batch, strides are known when the program runs.
    stride = view.dims[i].per_sample == 0 ? stride * view.dims[i].constant : 0;
  }
}

int64_t extent(const Extent& e, int64_t batch) {
  return e.constant + e.per_sample * batch;
}

// A Halide buffer over a dense array. `dimensions` may exceed the view's: the rest have stride 0 (see scan.cpp).
Halide::Buffer<> buffer(const View& view, void* data, int64_t batch, int dimensions, int repeats) {
  std::vector<halide_dimension_t> shape;
  int64_t stride = 1;
  for (const Extent& e : view.dims) {
    shape.emplace_back(0, static_cast<int32_t>(extent(e, batch)), static_cast<int32_t>(stride));
    stride *= extent(e, batch);
  }
  while (static_cast<int>(shape.size()) < dimensions)
    shape.emplace_back(0, repeats, 0);
  return Halide::Buffer<>(halide_type(view.element), data, static_cast<int>(shape.size()), shape.data());
}

} // namespace

Halide::Type halide_type(ir::Element element) {
  switch (element) {
  case ir::Element::f32: return Halide::Float(32);
  case ir::Element::boolean: return Halide::UInt(8);
  case ir::Element::i32: return Halide::Int(32);
  case ir::Element::u32: return Halide::UInt(32);
  case ir::Element::i16: return Halide::Int(16);
  }
  throw Failure(Exit::internal, "unknown element type");
}

ir::Type Call::operand(size_t i) const {
  const ir::Operand& operand = op.operands[i];
  return operand.is_literal() ? ir::Type{} : function.type(operand.value);
}

Halide::Func& Kernel::define(const std::string& name) {
  outputs.emplace_back(name);
  return outputs[0];
}

void Kernel::build(bool scheduled) {
  Interface interface = views();
  for (size_t i = 0; i < interface.inputs.size(); ++i) {
    const View& view = interface.inputs[i];
    inputs.emplace_back(halide_type(view.element), static_cast<int>(view.dims.size()), "in" + std::to_string(i));
    bind(inputs.back(), view, true);
  }
  algorithm();
  std::vector<Halide::OutputImageParam> params = output().output_buffers();
  for (size_t i = 0; i < params.size(); ++i)
    bind(params[i], interface.outputs[i], i == 0);
  bind_output(params);
  if (scheduled)
    schedule();
}

void compile(const ir::Function& function, const ir::Op& op, const Target& target, const Options& options,
             const std::string& object_path, std::string* stmt) {
  guarded(op, [&] {
    Call call{function, op, target};
    std::unique_ptr<Kernel> kernel = make_kernel(call);
    kernel->build(options.scheduled);
    std::vector<Halide::Argument> arguments(kernel->inputs.begin(), kernel->inputs.end());
    Halide::Target halide(target.halide + "-no_runtime-no_asserts-no_bounds_query" + rounding(op));
    std::map<Halide::OutputFileType, std::string> files{{Halide::OutputFileType::object, object_path}};
    std::string stmt_path = object_path + ".stmt";
    if (stmt != nullptr)
      files[Halide::OutputFileType::stmt] = stmt_path;
    kernel->output().compile_to(files, arguments, symbol(function, op, target, options), halide);
    if (stmt != nullptr) {
      std::ostringstream text;
      text << std::ifstream(stmt_path).rdbuf();
      *stmt = text.str();
      unlink(stmt_path.c_str());
    }
  });
}

namespace {

int64_t bytes_of(const View& view, int64_t batch) {
  int64_t bytes = halide_type(view.element).bytes();
  for (const Extent& e : view.dims)
    bytes *= extent(e, batch);
  return bytes;
}

// Arrays as compiled programs pass them: 64-byte aligned. Halide's vector stores rely on it.
class Aligned {
public:
  Aligned(const View& view, int64_t batch) : bytes_(static_cast<size_t>(bytes_of(view, batch))) {
    data_ = std::aligned_alloc(64, (bytes_ + 63) / 64 * 64 + 64);
    if (data_ == nullptr)
      throw std::bad_alloc();
  }
  Aligned(Aligned&& other) noexcept : data_(other.data_), bytes_(other.bytes_) { other.data_ = nullptr; }
  Aligned(const Aligned&) = delete;
  Aligned& operator=(const Aligned&) = delete;
  ~Aligned() { std::free(data_); }
  void* data() { return data_; }
  void read(const void* from) { std::memcpy(data_, from, bytes_); }
  void write(void* to) const { std::memcpy(to, data_, bytes_); }

private:
  void* data_;
  size_t bytes_;
};

} // namespace

void run(const ir::Function& function, const ir::Op& op, const Options& options, int64_t batch,
         const std::vector<const void*>& inputs, const std::vector<void*>& outputs) {
  guarded(op, [&] {
    Call call{function, op, targets::host()};
    std::unique_ptr<Kernel> kernel = make_kernel(call);
    kernel->build(options.scheduled);
    Interface interface = kernel->views();
    if (inputs.size() != interface.inputs.size() || outputs.size() != interface.outputs.size())
      fail(op, "wrong number of arrays");
    std::vector<Aligned> in, out;
    for (size_t i = 0; i < inputs.size(); ++i) {
      in.emplace_back(interface.inputs[i], batch).read(inputs[i]);
      kernel->inputs[i].set(buffer(interface.inputs[i], in.back().data(), batch, 0, 1));
    }
    Halide::Func& output = kernel->output();
    int repeats = 1;
    for (const View& view : interface.outputs)
      if (static_cast<int>(view.dims.size()) == output.dimensions() && !view.dims.empty())
        repeats = static_cast<int>(extent(view.dims.back(), batch));
    std::vector<Halide::Buffer<>> results;
    for (size_t i = 0; i < outputs.size(); ++i) {
      out.emplace_back(interface.outputs[i], batch);
      results.push_back(buffer(interface.outputs[i], out.back().data(), batch, output.dimensions(), repeats));
    }
    Halide::Realization realization(results);
    // Checks stay in: this code is for tests and for folding constants, where a fault is to be reported.
    output.realize(realization, Halide::Target(targets::host().halide + rounding(op)));
    for (size_t i = 0; i < outputs.size(); ++i)
      out[i].write(outputs[i]);
  });
}

} // namespace rvb::kernels
