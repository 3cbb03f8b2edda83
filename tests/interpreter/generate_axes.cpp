// Axes that go, come and change places; parts of tensors; products of matrices.
#include "generator.h"

#include <algorithm>
#include <numeric>

namespace rvb::interpreter {

using ir::Opcode;
using ir::Value;

namespace {

// Some of `rank` axes, at least one, in rising order.
std::vector<int64_t> some_axes(Random& random, int rank) {
  std::vector<int64_t> axes;
  for (int64_t axis = 0; axis < rank; ++axis)
    if (random.one_in(3))
      axes.push_back(axis);
  return axes.empty() ? std::vector<int64_t>{random.below(rank)} : axes;
}

} // namespace

void Generator::arrange(Value x) {
  switch (random_.below(5)) {
  case 0:
  case 1: return arrange_axes(x);
  case 2: return arrange_parts(x);
  case 3: return keep(rearranged(x));
  default: return multiply(x);
  }
}

void Generator::arrange_axes(Value x) {
  const ir::Type t = type(x);
  if (random_.one_in(12)) { // the places along the last axis, for every sample
    const Value places = emit(Opcode::index, {}, {{"size", t.channels()}});
    const Value near = emit(Opcode::mul, {places, ir::Operand::literal(0.1)});
    return keep(emit(Opcode::add, {x, near}));
  }
  if (random_.one_in(8))
    return keep(emit(Opcode::fill, {}, {{"dims", t.dims}, {"value", literal().number}}));
  if (random_.one_in(3) && t.rank() + 1 < ir::max_rank) {
    const std::vector<int64_t> axes{random_.below(t.rank() + 1)};
    return keep(emit(Opcode::expand, {x}, {{"axes", axes}, {"sizes", std::vector<int64_t>{random_.between(1, 3)}}}));
  }
  if (random_.one_in(4)) // of a number a channel, the batch comes anew
    return keep(emit(
        Opcode::expand, {weights({t.channels()})},
        {{"axes", std::vector<int64_t>{0, 1}}, {"sizes", std::vector<int64_t>{random_.between(1, 3), ir::batch}}}));
  const std::vector<int64_t> axes = some_axes(random_, t.rank());
  const bool over_batch = std::any_of(axes.begin(), axes.end(),
                                      [&](int64_t axis) { return t.dims[static_cast<size_t>(axis)] == ir::batch; });
  static const std::vector<std::string> kinds{"sum", "max", "mean"};
  const std::string kind = over_batch ? kinds[static_cast<size_t>(random_.below(2))] : random_.of(kinds);
  keep(emit(Opcode::reduce, {x}, {{"axes", axes}, {"kind", kind}}));
}

void Generator::arrange_parts(Value x) {
  const ir::Type t = type(x);
  const int64_t axis = random_.below(t.rank()), extent = t.dims[static_cast<size_t>(axis)];
  if (extent == ir::batch)
    return;
  switch (random_.below(3)) {
  case 0: {
    const ir::Operand other = partner(t);
    const bool fits = !other.is_literal() && type(other.value) == t;
    return keep(emit(Opcode::concat, {x, fits ? other : ir::Operand(x)}, {{"axis", axis}}));
  }
  case 1: {
    const int64_t begin = random_.below(extent), size = random_.between(1, extent - begin);
    return keep(emit(Opcode::slice, {x}, {{"axis", axis}, {"begin", begin}, {"size", size}}));
  }
  default:
    return keep(emit(Opcode::pad, {x}, {{"after", random_.below(3)}, {"axis", axis}, {"before", random_.below(3)}}));
  }
}

Value Generator::rearranged(Value x) {
  const ir::Type t = type(x);
  if (random_.one_in(2)) {
    std::vector<int64_t> order(t.dims.size());
    std::iota(order.begin(), order.end(), 0);
    for (size_t i = order.size(); i > 1; --i)
      std::swap(order[i - 1], order[static_cast<size_t>(random_.below(static_cast<int64_t>(i)))]);
    return emit(Opcode::permute, {x}, {{"order", order}});
  }
  // Two neighbours as one, or one as two.
  std::vector<int64_t> dims = t.dims;
  const auto at = static_cast<size_t>(random_.below(t.rank()));
  if (dims[at] == ir::batch)
    return emit(Opcode::reshape, {x}, {{"dims", dims}});
  if (at + 1 < dims.size() && dims[at + 1] != ir::batch && random_.one_in(2)) {
    dims[at] *= dims[at + 1];
    dims.erase(dims.begin() + static_cast<int64_t>(at) + 1);
  } else if (t.rank() + 1 < ir::max_rank) {
    const int64_t part = dims[at] % 2 == 0 ? 2 : 1;
    dims[at] /= part;
    dims.insert(dims.begin() + static_cast<int64_t>(at) + random_.below(2), part);
  }
  return emit(Opcode::reshape, {x}, {{"dims", dims}});
}

void Generator::multiply(Value x) {
  const ir::Type t = type(x);
  if (t.dims.end()[-2] == ir::batch) { // by trained numbers, the same for all
    if (t.rank() != 2)
      return;
    const std::vector<int64_t> sizes{ir::batch}, axes{0};
    const Value rows =
        emit(Opcode::expand, {x}, {{"axes", std::vector<int64_t>{1}}, {"sizes", std::vector<int64_t>{1}}});
    const Value w = weights({t.channels(), random_.between(1, 4)});
    const Value many = emit(Opcode::expand, {w}, {{"axes", axes}, {"sizes", sizes}});
    return keep(emit(Opcode::matmul, {rows, many}));
  }
  const Value y = bounded(x);
  if (random_.one_in(2))
    return keep(emit(Opcode::matmul, {y, y}, {{"transpose_a", int64_t{1}}}));
  if (t.dims.end()[-2] == t.dims.end()[-1] && random_.one_in(2))
    return keep(emit(Opcode::matmul, {y, x}));
  keep(emit(Opcode::matmul, {x, y}, {{"transpose_b", int64_t{1}}}));
}

} // namespace rvb::interpreter
