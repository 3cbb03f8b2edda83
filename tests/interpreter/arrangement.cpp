// Axes: one loop over the elements of the larger side, index by index.
#include "call.h"

#include <algorithm>
#include <limits>

namespace rvb::interpreter {

namespace {

using Index = std::vector<int64_t>;

// index(flat) of a row-major tensor, and back.
Index index_of(const ir::Type& type, int64_t flat) {
  Index index(type.dims.size());
  for (size_t d = index.size(); d > 0; --d) {
    index[d - 1] = flat % type.dims[d - 1];
    flat /= type.dims[d - 1];
  }
  return index;
}

size_t flat_of(const ir::Type& type, const Index& index) {
  int64_t flat = 0;
  for (size_t d = 0; d < index.size(); ++d)
    flat = flat * type.dims[d] + index[d];
  return static_cast<size_t>(flat);
}

// The index without the listed axes.
Index without(Index index, const std::vector<int64_t>& axes) {
  for (size_t i = axes.size(); i > 0; --i)
    index.erase(index.begin() + axes[i - 1]);
  return index;
}

template <typename F> void each(const Tensor& tensor, F&& visit) {
  for (size_t flat = 0; flat < tensor.data.size(); ++flat)
    visit(flat, index_of(tensor.type, static_cast<int64_t>(flat)));
}

void reduce(Call& call) {
  const Tensor& x = call.in[0];
  Tensor& y = call.out[0];
  const std::string kind = call.op.text("kind");
  if (kind == "max")
    std::fill(y.data.begin(), y.data.end(), -std::numeric_limits<double>::infinity());
  each(x, [&](size_t flat, const Index& index) {
    double& to = y.data[flat_of(y.type, without(index, call.op.integers("axes")))];
    to = kind == "max" ? std::max(to, x.data[flat]) : to + x.data[flat];
  });
  if (kind == "mean")
    for (double& mean : y.data)
      mean *= static_cast<double>(y.data.size()) / static_cast<double>(x.data.size());
}

void expand(Call& call) {
  each(call.out[0], [&](size_t flat, const Index& index) {
    call.out[0].data[flat] = call.in[0].data[flat_of(call.in[0].type, without(index, call.op.integers("axes")))];
  });
}

void permute(Call& call) {
  const std::vector<int64_t> order = call.op.integers("order");
  each(call.out[0], [&](size_t flat, const Index& index) {
    Index from(index.size());
    for (size_t d = 0; d < index.size(); ++d)
      from[static_cast<size_t>(order[d])] = index[d];
    call.out[0].data[flat] = call.in[0].data[flat_of(call.in[0].type, from)];
  });
}

// Where an element of `from`, `offset` along the axis, lies in `to`; nothing outside of it.
void move(const Call& call, const Tensor& from, Tensor& to, int64_t offset) {
  const auto axis = static_cast<size_t>(call.op.integer("axis"));
  each(from, [&](size_t flat, Index index) {
    index[axis] += offset;
    if (index[axis] >= 0 && index[axis] < to.type.dims[axis])
      to.data[flat_of(to.type, index)] = from.data[flat];
  });
}

void concat(Call& call) {
  int64_t begin = 0;
  for (const Tensor& part : call.in) {
    move(call, part, call.out[0], begin);
    begin += part.type.dims[static_cast<size_t>(call.op.integer("axis"))];
  }
}

void matmul(Call& call) {
  const Tensor &a = call.in[0], &b = call.in[1];
  const bool ta = call.op.integer("transpose_a") != 0, tb = call.op.integer("transpose_b") != 0;
  const int64_t depth = inner(a, ta ? 1 : 0);
  each(call.out[0], [&](size_t flat, const Index& index) {
    for (int64_t k = 0; k < depth; ++k) {
      Index left = index, right = index;
      const size_t row = index.size() - 2, column = index.size() - 1;
      left[row] = ta ? k : index[row], left[column] = ta ? index[row] : k;
      right[row] = tb ? index[column] : k, right[column] = tb ? k : index[column];
      call.out[0].data[flat] += a.data[flat_of(a.type, left)] * b.data[flat_of(b.type, right)];
    }
  });
}

} // namespace

bool evaluate_arrangement(Call& call) {
  switch (call.op.opcode) {
  case ir::Opcode::reduce: reduce(call); return true;
  case ir::Opcode::expand: expand(call); return true;
  case ir::Opcode::reshape: call.out[0].data = call.in[0].data; return true;
  case ir::Opcode::permute: permute(call); return true;
  case ir::Opcode::concat: concat(call); return true;
  case ir::Opcode::slice: move(call, call.in[0], call.out[0], -call.op.integer("begin")); return true;
  case ir::Opcode::pad: move(call, call.in[0], call.out[0], call.op.integer("before")); return true;
  case ir::Opcode::matmul: matmul(call); return true;
  default: return false;
  }
}

} // namespace rvb::interpreter
