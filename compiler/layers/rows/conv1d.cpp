// Convolution along one axis: the tokens of [channels, tokens], time, or the channels, between which time steps are
// what channels are elsewhere. In memory a convolution over an image of height 1.
#include "layers/synapses.h"

#include <cmath>

namespace rvb::layers {

namespace {

enum class Over { token, time, channel };

Over over(const Layer& layer) {
  const std::string& word = layer.arguments.word("over");
  return word == "token" ? Over::token : word == "time" ? Over::time : Over::channel;
}

bool same(const Layer& layer) {
  return layer.arguments.word("padding") == "same";
}

Fault bad_size(const std::string& message, const std::string& label) {
  Fault fault;
  fault.code = Code::bad_size;
  fault.message = message;
  fault.label = label;
  return fault;
}

std::optional<Tensor> output(const Network& network, const Layer& layer, Fault& fault) {
  Tensor made = network.input_of(layer).tensor();
  const Over axis = over(layer);
  const int64_t kernel = layer.arguments.size("kernel"), channels = layer.arguments.size("channels");
  const int64_t steps = network.input.steps;
  if (axis == Over::token && made.shape.size() != 2) {
    fault = wrong_rank(made, "tokens [channels, tokens]", "`over = time` or `over = channel` go along other axes");
    return std::nullopt;
  }
  if (axis != Over::token && !made.has_time) {
    fault = no_time(made, "go over");
    return std::nullopt;
  }
  if (axis != Over::token && made.shape.empty()) {
    fault = wrong_rank(made, "a tensor with channels, [channels, ...]");
    return std::nullopt;
  }
  if (axis == Over::channel && channels != steps) {
    fault = bad_size("over channels a layer gives as many steps as it reads, " + std::to_string(steps),
                     std::to_string(channels) + " are asked for");
    return std::nullopt;
  }
  if (axis == Over::time && !same(layer)) {
    fault = bad_size("without padding there are fewer steps", "leave `padding` out");
    return std::nullopt;
  }
  int64_t& extent = made.shape[axis == Over::token ? 1 : 0];
  if (axis != Over::time && !same(layer)) {
    if (kernel > extent) {
      fault = bad_size("a window of " + std::to_string(kernel) + " does not fit into " + std::to_string(extent),
                       "reads " + text_of(made.shape));
      fault.code = Code::kernel_too_large;
      return std::nullopt;
    }
    extent -= kernel - 1;
  }
  if (axis != Over::channel)
    made.shape[0] = channels;
  return made;
}

std::vector<Parameter> parameters(const Network& network, const Layer& layer) {
  const int64_t kernel = layer.arguments.size("kernel"), out = layer.arguments.size("channels");
  const int64_t in = over(layer) == Over::channel ? network.input.steps : network.input_of(layer).shape[0];
  const double fan = static_cast<double>(kernel) * static_cast<double>(out);
  std::vector<Parameter> made = synapse_parameters(layer, {out, in, kernel}, in, out, std::sqrt(2.0 / fan));
  if (!through_function(layer))
    made[0].memory.insert(made[0].memory.begin(), 1); // a height
  return made;
}

// [..., length, channels], then what leads back: the axes of a permutation, in the order of memory.
std::vector<int64_t> order_of(Over axis, int64_t rank) {
  std::vector<int64_t> order;
  if (axis == Over::token)
    return order;
  for (int64_t i = 1; i + 1 < rank; ++i)
    order.push_back(i);
  order.push_back(axis == Over::time ? 0 : rank - 1);
  order.push_back(axis == Over::time ? rank - 1 : 0);
  return order;
}

std::vector<int64_t> inverse(const std::vector<int64_t>& order) {
  std::vector<int64_t> back(order.size());
  for (size_t i = 0; i < order.size(); ++i)
    back[static_cast<size_t>(order[i])] = static_cast<int64_t>(i);
  return back;
}

ir::Value permuted(Build& build, ir::Value x, const std::vector<int64_t>& order) {
  return order.empty() ? x : build.make(ir::Opcode::permute, {x}, {{"order", order}}, "turned");
}

ir::Value build(Build& build) {
  show_events(build);
  const Layer& layer = build.layer();
  const int64_t kernel = layer.arguments.size("kernel");
  const std::vector<int64_t> order = order_of(over(layer), build.type(build.input()).rank());
  ir::Value x = permuted(build, build.input(), order);
  if (same(layer) && kernel > 1) // as PyTorch: the odd one after
    x = build.make(ir::Opcode::pad, {x},
                   {{"axis", int64_t{build.type(x).rank() - 2}}, {"before", (kernel - 1) / 2}, {"after", kernel / 2}},
                   "framed");
  std::vector<int64_t> dims = build.type(x).dims;
  dims.insert(dims.end() - 2, 1);
  x = build.make(ir::Opcode::reshape, {x}, {{"dims", dims}}, "line");
  const ir::Attributes attributes{{"pad", std::vector<int64_t>{0, 0}}, {"stride", std::vector<int64_t>{1, 1}}};
  x = with_bias(build, build.make(ir::Opcode::conv2d, {x, synapse_weights(build, 2)}, attributes, "sums"));
  dims = build.type(x).dims;
  dims.erase(dims.end() - 3);
  x = build.make(ir::Opcode::reshape, {x}, {{"dims", dims}}, "current");
  return permuted(build, x, order.empty() ? order : inverse(order));
}

Row row() {
  Row row;
  row.name = "conv1d";
  row.family = Family::synapses;
  row.slots = {tensor("x"),
               size("channels"),
               integer("kernel", 1, 3),
               word("padding", {"same", "none"}),
               flag("bias", false),
               weights("weights"),
               word("over", {"token", "time", "channel"})};
  row.output = output;
  row.parameters = parameters;
  row.build = build;
  row.reserved = false;
  row.alike_in_time = [](const Network&, const Layer& layer) { return over(layer) == Over::token; };
  return row;
}

} // namespace

const Row rows::conv1d = row();

} // namespace rvb::layers
