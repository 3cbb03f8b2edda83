// Truth values: which numbers are among the `count` largest along an axis. Each is compared with all others, so that
// equal ones stand or fall together, and no sorting has an order to choose.
#include "layers/axes.h"

#include <algorithm>
#include <numeric>

namespace rvb::layers {

namespace {

std::optional<Tensor> output(const Network& network, const Layer& layer, Fault& fault) {
  Tensor made = network.input_of(layer).tensor();
  const std::optional<std::vector<Axis>> axes = axes_of(made, {layer.arguments.word("over")}, fault);
  if (!axes)
    return std::nullopt;
  const bool time = axes->front().kind == Axis::Kind::time;
  const int64_t size = time ? network.input.steps : made.shape[axes->front().place];
  Shape pairs = made.shape;
  pairs.insert(pairs.end(), {made.has_time ? network.input.steps : 1, size});
  if (made.shape.size() + 3 > static_cast<size_t>(ir::max_rank) || elements(pairs) > most_elements) {
    fault.code = Code::too_large;
    fault.message = "each of " + std::to_string(size) + " numbers is compared with all others: too many pairs";
    fault.label = "reads " + text_of(made.shape);
    fault.note = "up to 5 dimensions and 2^28 pairs a sample";
    return std::nullopt;
  }
  made.truth = true;
  return made;
}

ir::Value build(Build& build) {
  const Layer& layer = build.layer();
  const Tensor input = build.network.input_of(layer).tensor();
  Fault fault;
  const Axis axis = axes_of(input, {layer.arguments.word("over")}, fault)->front();
  const auto at = static_cast<size_t>(in_memory(input, axis));
  const ir::Value x = build.input();
  const int64_t size = build.type(x).dims[at];
  // [..., own, ..., others]: the axis comes a second time, as the last
  const auto rank = static_cast<int64_t>(build.type(x).dims.size());
  std::vector<int64_t> order(static_cast<size_t>(rank));
  std::iota(order.begin(), order.end(), int64_t{0});
  std::rotate(order.begin() + static_cast<int64_t>(at), order.begin() + static_cast<int64_t>(at) + 1, order.end());
  const auto with_axis = [&](ir::Value value, int64_t axis, const char* name) {
    return build.make(ir::Opcode::expand, {value},
                      {{"axes", std::vector<int64_t>{axis}}, {"sizes", std::vector<int64_t>{size}}}, name);
  };
  const bool is_last = static_cast<int64_t>(at) + 1 == rank;
  const ir::Value last = is_last ? x : build.make(ir::Opcode::permute, {x}, {{"order", order}}, "last");
  const ir::Value others = with_axis(last, static_cast<int64_t>(at), "others");
  const ir::Value own = with_axis(x, rank, "own");
  const ir::Value above = build.make(ir::Opcode::greater, {others, own}, {}, "above");
  const ir::Value ones =
      build.make(ir::Opcode::select, {above, ir::Operand::literal(1), ir::Operand::literal(0)}, {}, "ones");
  const ir::Value before = build.make(ir::Opcode::reduce, {ones},
                                      {{"axes", std::vector<int64_t>{rank}}, {"kind", std::string("sum")}}, "before");
  return build.make(ir::Opcode::less,
                    {before, ir::Operand::literal(static_cast<double>(layer.arguments.size("count")))}, {}, "largest");
}

Row row() {
  Row row = called_row("largest", {tensor("x"), size("count"), word("over", single_axis_words())}, output, build);
  row.for_all_samples = true;
  row.reserved = false;
  row.alike_in_time = [](const Network&, const Layer& layer) { return layer.arguments.word("over") != "time"; };
  return row;
}

} // namespace

const Row rows::largest = row();

} // namespace rvb::layers
