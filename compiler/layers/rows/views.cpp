// The same numbers in another arrangement: reshape, permute, tokens, heads, transposed, concat, slices, one step.
#include "layers/axes.h"
#include "layers/broadcast.h"

#include <algorithm>
#include <numeric>

namespace rvb::layers {

namespace {

Tensor input_tensor(const Build& build) {
  return build.network.input_of(build.layer()).tensor();
}

ir::Value reshaped(Build& build, ir::Value x, const Tensor& tensor) {
  const ir::Type type = type_of(build.network, tensor);
  return build.type(x) == type ? x : build.make(ir::Opcode::reshape, {x}, {{"dims", type.dims}}, "reshaped");
}

// Axis i of the result is axis order[i] of `tensor`; in memory the channels lie last on both sides.
ir::Value permuted(Build& build, ir::Value x, const Tensor& tensor, const std::vector<int64_t>& order) {
  const int64_t leading = build.type(x).rank() - static_cast<int64_t>(tensor.shape.size());
  std::vector<int64_t> memory(static_cast<size_t>(leading));
  std::iota(memory.begin(), memory.end(), int64_t{0});
  const auto place = [&](size_t i) {
    memory.push_back(in_memory(tensor, {Axis::Kind::place, static_cast<size_t>(order[i])}));
  };
  for (size_t i = 1; i < order.size(); ++i)
    place(i);
  place(0);
  if (std::is_sorted(memory.begin(), memory.end()))
    return x;
  return build.make(ir::Opcode::permute, {x}, {{"order", memory}}, "permuted");
}

Shape shape_in_order(const Shape& shape, const std::vector<int64_t>& order) {
  Shape made;
  for (const int64_t axis : order)
    made.push_back(shape[static_cast<size_t>(axis)]);
  return made;
}

Fault bad_size(const std::string& message, const Tensor& input) {
  Fault fault;
  fault.code = Code::bad_size;
  fault.message = message;
  fault.label = "reads " + text_of(input.shape);
  fault.shows_way = true;
  return fault;
}

// ---- reshape(x, [sizes]): row-major with the channels outermost, as PyTorch's.

std::optional<Shape> asked_shape(const Tensor& input, const std::vector<int64_t>& sizes) {
  Shape shape = sizes;
  int64_t known = 1, open = -1;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == -1 && open < 0)
      open = static_cast<int64_t>(i);
    else if (shape[i] < 1 || __builtin_mul_overflow(known, shape[i], &known))
      return std::nullopt;
  }
  const int64_t all = elements(input.shape);
  if (open >= 0) {
    if (all % known != 0)
      return std::nullopt;
    shape[static_cast<size_t>(open)] = all / known;
  }
  return elements(shape) == all ? std::optional<Shape>(shape) : std::nullopt;
}

std::optional<Tensor> reshape_output(const Network& network, const Layer& layer, Fault& fault) {
  const Tensor input = network.input_of(layer).tensor();
  const std::vector<int64_t>& sizes = layer.arguments.list("shape");
  const std::optional<Shape> shape = asked_shape(input, sizes);
  if (shape && shape->size() <= static_cast<size_t>(ir::max_rank) - 2)
    return with_shape(input, *shape);
  fault = bad_size(text_of(input.shape) + " cannot become " + text_of(sizes), input);
  fault.note = std::to_string(elements(input.shape)) +
               " numbers a step go into at most 6 dimensions; one of them may be -1, for what remains";
  return std::nullopt;
}

ir::Value reshape(Build& build) {
  const Tensor from = input_tensor(build), to = build.layer().tensor();
  if (from.shape.empty() || from.shape[0] == to.shape[0]) // each channel by itself
    return reshaped(build, build.input(), to);
  // Channels outermost in memory, the other sizes, and back.
  std::vector<int64_t> outermost = {0};
  const auto rotated = [](const Tensor& tensor) { // the order that puts the last axis first
    std::vector<int64_t> order(tensor.shape.size());
    for (size_t i = 0; i < order.size(); ++i)
      order[i] = static_cast<int64_t>((i + order.size() - 1) % order.size());
    return order;
  };
  const auto back = [](const Tensor& tensor) {
    std::vector<int64_t> order(tensor.shape.size());
    for (size_t i = 0; i < order.size(); ++i)
      order[i] = static_cast<int64_t>((i + 1) % order.size());
    return order;
  };
  const ir::Value plain = permuted(build, build.input(), from, rotated(from));
  const Tensor middle = with_shape(to, shape_in_order(to.shape, rotated(to)));
  return permuted(build, reshaped(build, plain, middle), middle, back(to));
}

// ---- permute(x, [order])

std::optional<Tensor> permute_output(const Network& network, const Layer& layer, Fault& fault) {
  const Tensor input = network.input_of(layer).tensor();
  std::vector<int64_t> order = layer.arguments.list("order"), sorted = order;
  std::sort(sorted.begin(), sorted.end());
  std::vector<int64_t> all(input.shape.size());
  std::iota(all.begin(), all.end(), int64_t{0});
  if (sorted == all)
    return with_shape(input, shape_in_order(input.shape, order));
  fault = bad_size("the order of the axes of " + text_of(input.shape) + " is " + text_of(order), input);
  fault.note = "each axis once, counted from 0: [1, 0] exchanges two";
  return std::nullopt;
}

// ---- to_tokens(x): [channels, ...] -> [channels, tokens]

std::optional<Tensor> tokens_output(const Network& network, const Layer& layer, Fault& fault) {
  const Tensor input = network.input_of(layer).tensor();
  if (input.shape.size() >= 2)
    return with_shape(input, {input.shape[0], elements(input.shape) / input.shape[0]});
  fault = wrong_rank(input, "a tensor with more than channels, such as an image [channels, height, width]");
  return std::nullopt;
}

// ---- split_heads(x, n): [channels, tokens] -> [channels / n, n, tokens]; join_heads: back

std::optional<Tensor> heads_output(const Network& network, const Layer& layer, Fault& fault) {
  const Tensor input = network.input_of(layer).tensor();
  const int64_t heads = layer.arguments.size("heads");
  if (input.shape.size() != 2) {
    fault = wrong_rank(input, "tokens [channels, tokens]", "`to_tokens` makes them of an image");
    return std::nullopt;
  }
  if (input.shape[0] % heads == 0)
    return with_shape(input, {input.shape[0] / heads, heads, input.shape[1]});
  fault = bad_size(std::to_string(input.shape[0]) + " channels do not divide into " + std::to_string(heads) + " heads",
                   input);
  return std::nullopt;
}

ir::Value heads(Build& build) {
  const Tensor out = build.layer().tensor(), by_token = with_shape(out, {out.shape[0], out.shape[2], out.shape[1]});
  return permuted(build, reshaped(build, build.input(), by_token), by_token, {0, 2, 1});
}

std::optional<Tensor> join_heads_output(const Network& network, const Layer& layer, Fault& fault) {
  const Tensor input = network.input_of(layer).tensor();
  if (input.shape.size() == 3)
    return with_shape(input, {input.shape[0] * input.shape[1], input.shape[2]});
  fault = wrong_rank(input, "tokens of several heads [channels, heads, tokens]", "`split_heads` makes them of tokens");
  return std::nullopt;
}

ir::Value join_heads(Build& build) {
  return reshaped(build, permuted(build, build.input(), input_tensor(build), {0, 2, 1}), build.layer().tensor());
}

// ---- concat(a, b, over = axis)

std::optional<Tensor> concat_output(const Network& network, const Layer& layer, Fault& fault) {
  const Tensor a = network.input_of(layer).tensor(), b = network.input_of(layer, 1).tensor();
  const std::optional<std::vector<Axis>> axes = axes_of(a, {layer.arguments.word("over")}, fault);
  if (!axes)
    return std::nullopt;
  const size_t place = axes->front().place;
  Tensor joined = a;
  if (b.shape.size() == a.shape.size()) {
    joined.shape[place] += b.shape[place];
    Tensor other = b;
    other.shape[place] = a.shape[place];
    if (axes->size() == 1 && other == a)
      return joined;
  }
  fault.code = Code::shapes_differ;
  fault.message = "cannot join " + text_of(a) + " and " + text_of(b) + " over " + layer.arguments.word("over");
  fault.label = "the other axes must be alike";
  fault.shows_inputs = true;
  return std::nullopt;
}

ir::Value concat(Build& build) {
  Fault fault;
  const Tensor a = input_tensor(build);
  const Axis axis = axes_of(a, {build.layer().arguments.word("over")}, fault)->front();
  return build.make(ir::Opcode::concat, {build.input(0), build.input(1)}, {{"axis", in_memory(a, axis)}}, "joined");
}

// ---- slice(x, begin, size, over = axis)

std::optional<Tensor> slice_output(const Network& network, const Layer& layer, Fault& fault) {
  const Tensor input = network.input_of(layer).tensor();
  const std::optional<std::vector<Axis>> axes = axes_of(input, {layer.arguments.word("over")}, fault);
  if (!axes)
    return std::nullopt;
  const size_t place = axes->front().place;
  const int64_t begin = layer.arguments.integer("begin"), size = layer.arguments.size("size");
  Tensor made = input;
  made.shape[place] = size;
  if (begin + size <= input.shape[place])
    return made;
  fault = bad_size(std::to_string(size) + " from " + std::to_string(begin) + " on, and there are " +
                       std::to_string(input.shape[place]),
                   input);
  return std::nullopt;
}

ir::Value slice(Build& build) {
  Fault fault;
  const Tensor input = input_tensor(build);
  const Arguments& arguments = build.layer().arguments;
  const Axis axis = axes_of(input, {arguments.word("over")}, fault)->front();
  return build.make(
      ir::Opcode::slice, {build.input()},
      {{"axis", in_memory(input, axis)}, {"begin", arguments.integer("begin")}, {"size", arguments.size("size")}},
      "slice");
}

// ---- pad(x, before, after, over = axis): zeros

std::optional<Tensor> pad_output(const Network& network, const Layer& layer, Fault& fault) {
  Tensor made = network.input_of(layer).tensor();
  const std::optional<std::vector<Axis>> axes = axes_of(made, {layer.arguments.word("over")}, fault);
  if (!axes)
    return std::nullopt;
  made.shape[axes->front().place] += layer.arguments.integer("before") + layer.arguments.integer("after");
  return made;
}

ir::Value pad(Build& build) {
  Fault fault;
  const Tensor input = input_tensor(build);
  const Arguments& arguments = build.layer().arguments;
  const Axis axis = axes_of(input, {arguments.word("over")}, fault)->front();
  return build.make(ir::Opcode::pad, {build.input()},
                    {{"after", arguments.integer("after")},
                     {"axis", in_memory(input, axis)},
                     {"before", arguments.integer("before")}},
                    "framed");
}

// ---- at_time(x, step): one step; -1 is the last one

std::optional<Tensor> at_time_output(const Network& network, const Layer& layer, Fault& fault) {
  Tensor input = network.input_of(layer).tensor();
  const int64_t step = layer.arguments.integer("step"), steps = network.input.steps;
  if (!input.has_time) {
    fault = no_time(input, "take one of");
    return std::nullopt;
  }
  input.has_time = false;
  if (step < steps && step >= -steps)
    return input;
  fault = bad_size("step " + std::to_string(step) + " of " + std::to_string(steps), input);
  fault.note = "steps are counted from 0; -1 is the last one";
  return std::nullopt;
}

ir::Value at_time(Build& build) {
  const int64_t step = build.layer().arguments.integer("step"), steps = build.network.input.steps;
  const ir::Value one =
      build.make(ir::Opcode::slice, {build.input()},
                 {{"axis", int64_t{0}}, {"begin", step < 0 ? step + steps : step}, {"size", int64_t{1}}}, "step");
  return reshaped(build, one, build.layer().tensor());
}

// ---- delay(x, steps)

std::optional<Tensor> delay_output(const Network& network, const Layer& layer, Fault& fault) {
  const Tensor input = network.input_of(layer).tensor();
  if (input.has_time)
    return input;
  fault = no_time(input, "delay");
  return std::nullopt;
}

ir::Value delay(Build& build) {
  const int64_t all = build.network.input.steps, steps = std::min(build.layer().arguments.integer("steps"), all);
  const ir::Value padded = build.make(ir::Opcode::pad, {build.input()},
                                      {{"after", int64_t{0}}, {"axis", int64_t{0}}, {"before", steps}}, "padded");
  return build.make(ir::Opcode::slice, {padded}, {{"axis", int64_t{0}}, {"begin", int64_t{0}}, {"size", all}}, "late");
}

Row row(const char* name, std::vector<Slot> slots,
        std::optional<Tensor> (*output)(const Network&, const Layer&, Fault&), ir::Value (*build)(Build&)) {
  Row row = called_row(name, std::move(slots), output, build);
  row.for_all_samples = true;
  row.reserved = false;
  return row;
}

// What only moves numbers about.
Row moves(Row row) {
  row.keeps_values = true;
  return row;
}

Row not_alike(Row row) {
  row.alike_in_time = [](const Network&, const Layer&) { return false; };
  return row;
}

const std::vector<std::string> places = {"channel", "token", "height", "width", "head"};

} // namespace

const Row rows::reshape = moves(row("reshape", {tensor("x"), list("shape")}, reshape_output, layers::reshape));
const Row rows::permute = moves(row("permute", {tensor("x"), list("order")}, permute_output, [](Build& build) {
  return permuted(build, build.input(), input_tensor(build), build.layer().arguments.list("order"));
}));
const Row rows::to_tokens = moves(row("to_tokens", {tensor("x")}, tokens_output, [](Build& build) {
  return reshaped(build, build.input(), build.layer().tensor());
}));
const Row rows::split_heads = moves(row("split_heads", {tensor("x"), size("heads")}, heads_output, layers::heads));
const Row rows::join_heads = moves(row("join_heads", {tensor("x")}, join_heads_output, layers::join_heads));
const Row rows::concat = row("concat", {tensor("a"), tensor("b"), word("over", places)}, concat_output, layers::concat);
const Row rows::slice = row("slice", {tensor("x"), integer("begin", 0, 0), size("size"), word("over", places)},
                            slice_output, layers::slice);
const Row rows::pad = row("pad", {tensor("x"), integer("before", 0, 0), integer("after", 0, 0), word("over", places)},
                          pad_output, layers::pad);
const Row rows::delay = not_alike(row("delay", {tensor("x"), integer("steps", 1, 1)}, delay_output, layers::delay));
const Row rows::at_time =
    not_alike(row("at_time", {tensor("x"), integer("step", -65536, -1)}, at_time_output, layers::at_time));

} // namespace rvb::layers
