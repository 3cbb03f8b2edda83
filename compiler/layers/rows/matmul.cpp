// The product of matrices, one for each head, step and sample: the channels of a tensor are its columns, its last axis
// counts its rows.
#include "layers/axes.h"
#include "layers/broadcast.h"

#include <algorithm>

namespace rvb::layers {

namespace {

// [columns, ..., rows]
struct Sides {
  int64_t rows, columns;
};

Sides sides(const Tensor& tensor, bool transposed) {
  const Sides s{tensor.shape.back(), tensor.shape.front()};
  return transposed ? Sides{s.columns, s.rows} : s;
}

Shape heads(const Tensor& tensor) {
  return {tensor.shape.begin() + 1, tensor.shape.end() - 1};
}

std::optional<Tensor> output(const Network& network, const Layer& layer, Fault& fault) {
  const Tensor a = network.input_of(layer).tensor(), b = network.input_of(layer, 1).tensor();
  for (const Tensor& each : {a, b})
    if (each.shape.size() < 2) {
      fault = wrong_rank(each, "matrices [columns, rows] or [columns, heads, rows]");
      return std::nullopt;
    }
  const Sides left = sides(a, layer.arguments.flag("transpose_a")),
              right = sides(b, layer.arguments.flag("transpose_b"));
  if (left.columns != right.rows || heads(a) != heads(b)) {
    fault.code = Code::shapes_differ;
    fault.message = "cannot multiply " + text_of(a) + " and " + text_of(b);
    fault.label = std::to_string(left.columns) + " columns of a, " + std::to_string(right.rows) + " rows of b" +
                  (heads(a) == heads(b) ? "" : "; the heads differ");
    fault.note = "the channels are the columns of a matrix, the last axis counts its rows";
    fault.help = "`transpose_a = true` and `transpose_b = true` exchange them";
    fault.shows_inputs = true;
    return std::nullopt;
  }
  Tensor made = a;
  made.has_time |= b.has_time;
  made.has_batch |= b.has_batch;
  made.shape.front() = right.columns;
  made.shape.back() = left.rows;
  return made;
}

ir::Value build(Build& build) {
  const Layer& layer = build.layer();
  const auto full = [&](int i) {
    const Tensor from = build.network.input_of(layer, i).tensor();
    return expand(build, build.input(i), from, with_shape(layer.tensor(), from.shape));
  };
  ir::Attributes attributes;
  for (const char* name : {"transpose_a", "transpose_b"})
    if (layer.arguments.flag(name))
      attributes[name] = int64_t{1};
  return build.make(ir::Opcode::matmul, {full(0), full(1)}, std::move(attributes), "products");
}

Row row() {
  Row row;
  row.name = "matmul";
  row.slots = {tensor("a"), tensor("b"), flag("transpose_a", false), flag("transpose_b", false)};
  row.output = output;
  row.build = build;
  row.for_all_samples = true;
  row.reserved = false;
  row.alike_in_time = alike_with_inputs;
  return row;
}

} // namespace

const Row rows::matmul = row();

} // namespace rvb::layers
