// Sums, means, maxima, variances and deviations over axes, and softmax, which is made of two of them.
#include "layers/axes.h"
#include "layers/broadcast.h"

#include <algorithm>

namespace rvb::layers {

namespace {

std::vector<Axis> axes(const Build& build) {
  Fault fault;
  return *axes_of(build.network.input_of(build.layer()).tensor(), build.layer().arguments.words("over"), fault);
}

// The axes go, but what is left stands in its place: the axis of the channels stays with size 1, and any other before
// one that stays.
Tensor without(const Tensor& tensor, const std::vector<Axis>& axes) {
  Tensor left = tensor;
  for (const Axis& axis : axes)
    if (axis.kind == Axis::Kind::time)
      left.has_time = false;
    else if (axis.kind == Axis::Kind::sample)
      left.has_batch = false;
    else
      left.shape[axis.place] = 1;
  while (left.shape.size() > 1 &&
         std::find(axes.begin(), axes.end(), Axis{Axis::Kind::place, left.shape.size() - 1}) != axes.end())
    left.shape.pop_back();
  return left;
}

std::optional<Tensor> reduced(const Network& network, const Layer& layer, Fault& fault) {
  const Tensor input = network.input_of(layer).tensor();
  const std::optional<std::vector<Axis>> found = axes_of(input, layer.arguments.words("over"), fault);
  return found ? std::optional<Tensor>(without(input, *found)) : std::nullopt;
}

ir::Value with_dims(Build& build, ir::Value x, const Tensor& tensor) {
  const ir::Type type = type_of(build.network, tensor);
  return build.type(x) == type ? x : build.make(ir::Opcode::reshape, {x}, {{"dims", type.dims}}, "reduced");
}

// `kind` of reduce over the axes, as a `without` of them.
ir::Value reduce(Build& build, ir::Value x, const Tensor& tensor, const std::vector<Axis>& over,
                 const std::string& kind) {
  std::vector<int64_t> axes;
  bool time = false, samples = false;
  for (const Axis& axis : over) {
    time |= axis.kind == Axis::Kind::time;
    samples |= axis.kind == Axis::Kind::sample && tensor.has_batch;
    if (axis.kind == Axis::Kind::place || (axis.kind == Axis::Kind::time && kind == "max"))
      axes.push_back(in_memory(tensor, axis));
  }
  std::sort(axes.begin(), axes.end());
  if (!axes.empty())
    x = build.make(ir::Opcode::reduce, {x}, {{"axes", axes}, {"kind", kind}}, kind);
  time &= kind != "max";
  if (time)
    x = build.make(kind == "mean" ? ir::Opcode::mean_time : ir::Opcode::sum_time, {x}, {}, kind);
  if (samples) { // how many there are is known when it runs
    const std::vector<int64_t> outermost = {build.type(x).dims[0] == ir::batch ? 0 : 1};
    x = build.make(ir::Opcode::reduce, {x}, {{"axes", outermost}, {"kind", kind == "mean" ? std::string("sum") : kind}},
                   kind);
    if (kind == "mean")
      x = build.make(ir::Opcode::div, {x, build.make(ir::Opcode::count, {}, {{"per_sample", int64_t{1}}}, "samples")},
                     {}, kind);
  }
  return with_dims(build, x, without(tensor, over));
}

// The same, repeated along the axes.
ir::Value reduce_everywhere(Build& build, ir::Value x, const Tensor& tensor, const std::vector<Axis>& over,
                            const std::string& kind) {
  return broadcast(build, reduce(build, x, tensor, over, kind), without(tensor, over), tensor);
}

ir::Value variance(Build& build) {
  const Tensor tensor = build.network.input_of(build.layer()).tensor();
  const ir::Value x = build.input(), mean = reduce_everywhere(build, x, tensor, axes(build), "mean");
  const ir::Value off = build.make(ir::Opcode::sub, {x, mean}, {}, "off");
  return reduce(build, build.make(ir::Opcode::mul, {off, off}, {}, "squares"), tensor, axes(build), "mean");
}

// Where all are equal the root has no slope: no gradient there.
ir::Value deviation(Build& build) {
  const ir::Value least = build.make(ir::Opcode::max, {variance(build), ir::Operand::literal(1e-12)}, {}, "variance");
  return build.make(ir::Opcode::sqrt, {least}, {}, "deviation");
}

// The largest is subtracted, so that nothing overflows; that changes no number and has no gradient.
ir::Value softmax(Build& build) {
  const Tensor tensor = build.network.input_of(build.layer()).tensor();
  const std::vector<Axis> over = axes(build);
  const ir::Value still = build.make(ir::Opcode::detach, {build.input()});
  const ir::Value top = reduce_everywhere(build, still, tensor, over, "max");
  const ir::Value shifted = build.make(ir::Opcode::sub, {build.input(), top}, {}, "shifted");
  const ir::Value powers = build.make(ir::Opcode::exp, {shifted}, {}, "powers");
  const ir::Value sums = reduce_everywhere(build, powers, tensor, over, "sum");
  return build.make(ir::Opcode::div, {powers, sums}, {}, "shares");
}

template <char kind> ir::Value plain(Build& build) {
  const Tensor tensor = build.network.input_of(build.layer()).tensor();
  return reduce(build, build.input(), tensor, axes(build), kind == 's' ? "sum" : kind == 'm' ? "mean" : "max");
}

} // namespace

ir::Value mean_of_all(Build& build, ir::Value value, const Tensor& tensor) {
  std::vector<Axis> all;
  if (tensor.has_time)
    all.push_back({Axis::Kind::time, 0});
  if (tensor.has_batch)
    all.push_back({Axis::Kind::sample, 0});
  for (size_t place = 0; place < tensor.shape.size(); ++place)
    all.push_back({Axis::Kind::place, place});
  if (all.empty())
    return value;
  const ir::Value mean = reduce(build, value, tensor, all, "mean");
  return build.type(mean).dims.empty()
             ? mean
             : build.make(ir::Opcode::reshape, {mean}, {{"dims", std::vector<int64_t>{}}}, "loss");
}

namespace {

bool keeps_time(const Layer& layer) {
  const std::vector<std::string>& over = layer.arguments.words("over");
  return std::find(over.begin(), over.end(), "time") == over.end();
}

Row row(const char* name, ir::Value (*build)(Build&)) {
  Row row = called_row(name, {tensor("x"), words("over", axis_words())}, reduced, build);
  row.for_all_samples = true;
  row.reserved = false;
  row.alike_in_time = [](const Network&, const Layer& layer) { return keeps_time(layer); };
  return row;
}

// A read-out's mean over time can be taken of the steps so far.
Row mean_row() {
  Row made = row("mean", plain<'m'>);
  made.alike_in_time = nullptr;
  return made;
}

Row softmax_row() {
  Row made = row("softmax", softmax);
  made.output = [](const Network& network, const Layer& layer, Fault& fault) {
    const Tensor input = network.input_of(layer).tensor();
    return axes_of(input, layer.arguments.words("over"), fault) ? std::optional<Tensor>(input) : std::nullopt;
  };
  return made;
}

} // namespace

const Row rows::mean = mean_row();
const Row rows::sum = row("sum", plain<'s'>);
const Row rows::max = row("max", plain<'x'>);
const Row rows::variance = row("variance", layers::variance);
const Row rows::deviation = row("deviation", layers::deviation);
const Row rows::softmax = softmax_row();

} // namespace rvb::layers
