// The same numbers under other indices, and tensors along one axis. Every one is a loop over the result's dimensions.
#include "codegen/c/operation.h"

#include <algorithm>

namespace rvb::codegen::c {

namespace {

std::vector<int64_t> dims_of(const ir::Type& type) {
  std::vector<int64_t> dims = type.dims;
  std::replace(dims.begin(), dims.end(), ir::batch, int64_t{1});
  return dims;
}

int64_t product(const std::vector<int64_t>& dims, size_t from, size_t to) {
  int64_t n = 1;
  for (size_t i = from; i < to; ++i)
    n *= dims[i];
  return n;
}

// Nested loops over `dims`; the result's element i is the operand's at the sum of index * stride, which begins at
// `base`.
void strided(Operation& out, const std::vector<int64_t>& dims, const std::vector<int64_t>& strides) {
  const std::string from = out.read(out.op.operands[0]), to = out.write(out.op.results[0]);
  out.body.line("int32_t i = 0;");
  std::string at;
  for (size_t d = 0; d < dims.size(); ++d) {
    if (dims[d] == 1)
      continue;
    out.body.loop(fmt::format("d{}", d), dims[d]);
    if (strides[d] != 0)
      at += fmt::format("{}d{} * {}", at.empty() ? "" : " + ", d, strides[d]);
  }
  out.body.line("{}[i++] = {}[{}];", to, from, at.empty() ? "0" : at);
  out.body.close_to(1);
}

void copy(Operation& out) {
  const std::string from = out.read(out.op.operands[0]), to = out.write(out.op.results[0]);
  out.body.line("for (int32_t i = 0; i < {}; ++i)", count(out.result()));
  out.body.line("  {}[i] = {}[i];", to, from);
}

std::vector<int64_t> strides_of(const std::vector<int64_t>& dims) {
  std::vector<int64_t> strides(dims.size(), 1);
  for (size_t d = dims.size(); d-- > 1;)
    strides[d - 1] = strides[d] * dims[d];
  return strides;
}

} // namespace

void emits::reshape(Operation& out) {
  copy(out);
}

void emits::flatten(Operation& out) {
  const ir::Type x = out.type(out.op.operands[0]);
  const int64_t channels = x.channels();
  const std::vector<int64_t> dims = dims_of(x);
  const int64_t pixels = dims[dims.size() - 2] * dims[dims.size() - 3], frames = count(x) / (pixels * channels);
  strided(out, {frames, channels, pixels}, {channels * pixels, 1, channels});
}

void emits::unflatten(Operation& out) {
  const ir::Type y = out.result();
  const int64_t channels = y.channels();
  const std::vector<int64_t> dims = dims_of(y);
  const int64_t pixels = dims[dims.size() - 2] * dims[dims.size() - 3], frames = count(y) / (pixels * channels);
  strided(out, {frames, pixels, channels}, {channels * pixels, 1, pixels});
}

void emits::permute(Operation& out) {
  const std::vector<int64_t> order = out.op.integers("order"),
                             inside = strides_of(dims_of(out.type(out.op.operands[0])));
  std::vector<int64_t> strides;
  for (const int64_t axis : order)
    strides.push_back(inside[static_cast<size_t>(axis)]);
  strided(out, dims_of(out.result()), strides);
}

void emits::expand(Operation& out) {
  const std::vector<int64_t> axes = out.op.integers("axes"), inside = strides_of(dims_of(out.type(out.op.operands[0])));
  std::vector<int64_t> strides;
  size_t next = 0;
  for (int64_t d = 0; d < out.result().rank(); ++d)
    strides.push_back(std::find(axes.begin(), axes.end(), d) != axes.end() ? 0 : inside[next++]);
  strided(out, dims_of(out.result()), strides);
}

void emits::slice(Operation& out) {
  const std::vector<int64_t> x = dims_of(out.type(out.op.operands[0])), y = dims_of(out.result());
  const auto axis = static_cast<size_t>(out.op.integer("axis"));
  const int64_t inner = product(x, axis + 1, x.size());
  const std::string from = out.read(out.op.operands[0]), to = out.write(out.op.results[0]);
  out.body.loop("d", product(x, 0, axis));
  out.body.line("for (int32_t i = 0; i < {}; ++i)", y[axis] * inner);
  out.body.line("  {}[d * {} + i] = {}[d * {} + i + {}];", to, y[axis] * inner, from, x[axis] * inner,
                out.op.integer("begin") * inner);
  out.body.close();
}

void emits::pad(Operation& out) {
  const std::vector<int64_t> x = dims_of(out.type(out.op.operands[0])), y = dims_of(out.result());
  const auto axis = static_cast<size_t>(out.op.integer("axis"));
  const int64_t inner = product(x, axis + 1, x.size()), before = out.op.integer("before") * inner;
  const std::string from = out.read(out.op.operands[0]), to = out.write(out.op.results[0]);
  out.body.loop("d", product(x, 0, axis));
  out.body.line("for (int32_t i = 0; i < {}; ++i)", y[axis] * inner);
  out.body.line("  {}[d * {} + i] = i >= {} && i < {} ? {}[d * {} + i - {}] : 0;", to, y[axis] * inner, before,
                before + x[axis] * inner, from, x[axis] * inner, before);
  out.body.close();
}

void emits::concat(Operation& out) {
  const std::vector<int64_t> y = dims_of(out.result());
  const auto axis = static_cast<size_t>(out.op.integer("axis"));
  const int64_t inner = product(y, axis + 1, y.size());
  int64_t begin = 0;
  for (const ir::Operand& operand : out.op.operands) {
    const int64_t part = dims_of(out.type(operand))[axis] * inner;
    const std::string from = out.read(operand), to = out.write(out.op.results[0]);
    out.body.loop("d", product(y, 0, axis));
    out.body.line("for (int32_t i = 0; i < {}; ++i)", part);
    out.body.line("  {}[d * {} + i + {}] = {}[d * {} + i];", to, y[axis] * inner, begin, from, part);
    out.body.close();
    begin += part;
  }
}

void emits::fill(Operation& out) {
  const std::string to = out.write(out.op.results[0]);
  out.body.line("for (int32_t i = 0; i < {}; ++i)", count(out.result()));
  out.body.line("  {}[i] = {};", to, number(static_cast<float>(out.op.number("value"))));
}

void emits::scale(Operation& out) {
  const std::vector<int64_t> x = dims_of(out.type(out.op.operands[0]));
  const auto axis = static_cast<size_t>(out.op.integer("axis"));
  const std::string from = out.read(out.op.operands[0]), by = out.read(out.op.operands[1]),
                    to = out.write(out.op.results[0]);
  out.body.line("int32_t i = 0;");
  out.body.loop("d", product(x, 0, axis));
  out.body.loop("a", x[axis]);
  out.body.line("for (int32_t k = 0; k < {}; ++k, ++i)", product(x, axis + 1, x.size()));
  out.body.line("  {}[i] = {}[i] * {}[a];", to, from, by);
  out.body.close_to(1);
}

// Terms in the order of memory, sums of many of them in double precision.
void emits::reduce(Operation& out) {
  constexpr int64_t in_single = 4096;
  const std::vector<int64_t> x = dims_of(out.type(out.op.operands[0])), strides = strides_of(x),
                             axes = out.op.integers("axes");
  const std::string kind = out.op.text("kind"), from = out.read(out.op.operands[0]), to = out.write(out.op.results[0]);
  const auto is_axis = [&](size_t d) {
    return std::find(axes.begin(), axes.end(), static_cast<int64_t>(d)) != axes.end();
  };
  int64_t terms = 1;
  for (size_t d = 0; d < x.size(); ++d)
    terms *= is_axis(d) ? x[d] : 1;
  const bool twice = terms > in_single;
  std::string at;
  const auto loops = [&](bool of_axes) {
    for (size_t d = 0; d < x.size(); ++d)
      if (is_axis(d) == of_axes && x[d] > 1) {
        out.body.loop(fmt::format("d{}", d), x[d]);
        at += fmt::format("{}d{} * {}", at.empty() ? "" : " + ", d, strides[d]);
      }
  };
  out.body.line("int32_t i = 0;");
  loops(false);
  const size_t depth = out.body.depth();
  out.body.line("{} total = {};", twice ? "double" : "float", kind == "max" ? "-3.402823466e+38f" : "0.0f");
  loops(true);
  const std::string term = fmt::format("{}[{}]", from, at.empty() ? "0" : at);
  if (kind == "max")
    out.body.line("total = total > {0} ? total : {0};", term);
  else
    out.body.line("total += {};", term);
  out.body.close_to(depth);
  out.body.line("{}[i++] = (float)(total{});", to, kind == "mean" ? fmt::format(" / {}", terms) : "");
  out.body.close_to(1);
}

} // namespace rvb::codegen::c
