// Operators that arrange, join or sum along axes. An axis of the IR has a place in the graph (translate.h).
#include "export/onnx/translate.h"

#include <algorithm>
#include <stdexcept>

namespace rvb::exporting {

namespace {

const std::string& hint(const Translator& out, const ir::Op& op) {
  return out.function().values[static_cast<size_t>(op.results[0])].name;
}

// The order of what is left when axes are gone.
std::vector<int> without(const std::vector<int>& order, const std::vector<int64_t>& axes) {
  std::vector<int> left;
  for (const int dimension : order)
    if (std::find(axes.begin(), axes.end(), dimension) == axes.end())
      left.push_back(dimension - static_cast<int>(std::count_if(axes.begin(), axes.end(),
                                                                [&](int64_t axis) { return axis < dimension; })));
  return left;
}

void reduced(Translator& out, const ir::Op& op, const std::vector<int64_t>& axes, const std::string& kind) {
  const Tensor x = out.tensor(op.operands[0]);
  std::vector<int64_t> places;
  for (const int64_t axis : axes)
    places.push_back(x.place(axis));
  std::sort(places.begin(), places.end());
  std::string name;
  if (kind == "sum") // the axes are an input since opset 13, those of the others only later
    name = out.node("ReduceSum", {x.name, out.integers(places)}, hint(out, op), {{"keepdims", int64_t{0}}});
  else
    name = out.node(kind == "mean" ? "ReduceMean" : "ReduceMax", {x.name}, hint(out, op),
                    {{"axes", places}, {"keepdims", int64_t{0}}});
  out.bind(op.results[0], name, without(x.order, axes));
}

} // namespace

void emits::sum_time(Translator& out, const ir::Op& op) {
  reduced(out, op, {0}, "sum");
}

void emits::mean_time(Translator& out, const ir::Op& op) {
  reduced(out, op, {0}, "mean");
}

void emits::sum(Translator& out, const ir::Op& op) {
  std::vector<int64_t> axes;
  for (int64_t axis = 0; axis < out.type(op.operands[0]).rank(); ++axis)
    if (axis != op.integer("axis"))
      axes.push_back(axis);
  reduced(out, op, axes, "sum");
}

void emits::reduce(Translator& out, const ir::Op& op) {
  reduced(out, op, op.integers("axes"), op.text("kind"));
}

void emits::repeat(Translator& out, const ir::Op& op) {
  const Tensor x = out.tensor(op.operands[0]);
  std::vector<int> order{0};
  for (const int dimension : x.order)
    order.push_back(dimension + 1);
  Dims times(order.size(), 1);
  times[0] = op.integer("times");
  const std::string one = out.node("Unsqueeze", {x.name, out.integers({0})}, "step");
  out.bind(op.results[0], out.node("Expand", {one, out.integers(times)}, hint(out, op)), order);
}

void emits::split_time(Translator& out, const ir::Op& op) {
  const Tensor x = out.tensor(op.operands[0]);
  for (size_t t = 0; t < op.results.size(); ++t)
    out.bind(
        op.results[t],
        out.node("Gather", {x.name, out.integer(static_cast<int64_t>(t))}, "step", {{"axis", int64_t{x.place(0)}}}),
        without(x.order, {0}));
}

void emits::stack_time(Translator& out, const ir::Op& op) {
  const std::vector<int> inner = out.tensor(op.operands[0]).order;
  std::vector<int> order{0};
  for (const int dimension : inner)
    order.push_back(dimension + 1);
  std::vector<std::string> steps;
  for (const ir::Operand& each : op.operands)
    steps.push_back(out.node("Unsqueeze", {out.arranged(out.tensor(each), inner).name, out.integers({0})}, "step"));
  out.bind(op.results[0], out.node("Concat", steps, hint(out, op), {{"axis", int64_t{0}}}), order);
}

void emits::scale(Translator& out, const ir::Op& op) {
  const Tensor x = out.tensor(op.operands[0]);
  Dims dims(x.order.size() - static_cast<size_t>(x.place(op.integer("axis"))), 1);
  dims[0] = out.type(op.operands[1]).dims[0];
  const auto numbers = out.known(op.operands[1]);
  const std::string factors =
      numbers ? out.weights(dims, *numbers, "factors") : out.reshaped(out.tensor(op.operands[1]).name, dims, "factors");
  out.bind(op.results[0], out.node("Mul", {x.name, factors}, hint(out, op)), x.order);
}

void emits::expand(Translator& out, const ir::Op& op) {
  const Tensor x = out.plain(op.operands[0]);
  const ir::Type& type = out.function().type(op.results[0]);
  const std::string kept = out.node("Unsqueeze", {x.name, out.integers(op.integers("axes"))}, "narrow");
  out.bind(op.results[0], out.node("Expand", {kept, out.shape_of(type.dims)}, hint(out, op)),
           identity_order(type.rank()));
}

void emits::reshape(Translator& out, const ir::Op& op) {
  const ir::Type& type = out.function().type(op.results[0]);
  out.bind(op.results[0], out.reshaped(out.plain(op.operands[0]).name, type.dims, hint(out, op)),
           identity_order(type.rank()));
}

void emits::permute(Translator& out, const ir::Op& op) { // another name for the dimensions
  const Tensor x = out.tensor(op.operands[0]);
  const std::vector<int64_t> of = op.integers("order");
  std::vector<int> order;
  for (const int dimension : x.order)
    order.push_back(static_cast<int>(std::find(of.begin(), of.end(), dimension) - of.begin()));
  out.bind(op.results[0], x.name, order);
}

void emits::concat(Translator& out, const ir::Op& op) {
  const Tensor first = out.tensor(op.operands[0]);
  std::vector<std::string> parts;
  for (const ir::Operand& each : op.operands)
    parts.push_back(out.arranged(out.tensor(each), first.order).name);
  out.bind(op.results[0],
           out.node("Concat", parts, hint(out, op), {{"axis", int64_t{first.place(op.integer("axis"))}}}), first.order);
}

void emits::slice(Translator& out, const ir::Op& op) {
  const Tensor x = out.tensor(op.operands[0]);
  const int64_t begin = op.integer("begin");
  out.bind(op.results[0],
           out.node("Slice",
                    {x.name, out.integers({begin}), out.integers({begin + op.integer("size")}),
                     out.integers({x.place(op.integer("axis"))})},
                    hint(out, op)),
           x.order);
}

void emits::pad(Translator& out, const ir::Op& op) {
  const Tensor x = out.tensor(op.operands[0]);
  const auto place = static_cast<size_t>(x.place(op.integer("axis")));
  Dims pads(2 * x.order.size(), 0);
  pads[place] = op.integer("before");
  pads[x.order.size() + place] = op.integer("after");
  out.bind(op.results[0], out.node("Pad", {x.name, out.integers(pads), out.number(0, x.type.element)}, hint(out, op)),
           x.order);
}

// PyTorch's order, channels outermost: as they lie in the graph.
void emits::flatten(Translator& out, const ir::Op& op) {
  const ir::Type& type = out.function().type(op.results[0]);
  const Tensor x = out.tensor(op.operands[0]);
  out.bind(op.results[0],
           out.reshaped(out.arranged(x, channels_first(x.type, type.rank() - 1)).name, type.dims, hint(out, op)),
           identity_order(type.rank()));
}

void emits::unflatten(Translator& out, const ir::Op& op) {
  const ir::Type& type = out.function().type(op.results[0]);
  const Tensor y{"", type, channels_first(type, out.type(op.operands[0]).rank() - 1)};
  out.bind(op.results[0], out.reshaped(out.plain(op.operands[0]).name, y.dims(), hint(out, op)), y.order);
}

void emits::fill(Translator& out, const ir::Op& op) {
  const ir::Type& type = out.function().type(op.results[0]);
  const std::vector<int> order = identity_order(type.rank());
  out.bind(op.results[0], out.whole({op.number("value"), nullptr, {}}, type, order).name, order);
}

} // namespace rvb::exporting
