// Gradients of synapses and pools, and the sums that normalisation is made of.
#include "generator.h"

namespace rvb::interpreter {

using ir::Opcode;
using ir::Value;

// The size of an image of which these windows make one of g's size; nothing where there is none.
std::vector<int64_t> Generator::size_before(Value g, const std::vector<int64_t>& kernel,
                                            const ir::Attributes& windows) {
  const auto& pad = std::get<std::vector<int64_t>>(windows.at("pad"));
  const auto& stride = std::get<std::vector<int64_t>>(windows.at("stride"));
  std::vector<int64_t> size;
  for (size_t i = 0; i < 2; ++i) {
    const int64_t extent = type(g).dims.end()[-3 + static_cast<int>(i)];
    size.push_back((extent - 1) * stride[i] + kernel[i] - 2 * pad[i] + random_.below(stride[i]));
    if (size.back() < 1)
      return {};
  }
  return size;
}

void Generator::synapse_gradient(Value x) {
  const int64_t channels = type(x).channels(), others = random_.between(1, 5);
  if (!is_image(x)) {
    if (random_.one_in(2))
      return keep(emit(Opcode::linear_input_gradient, {x, weights({others, channels})}));
    const Value g = emit(Opcode::linear, {x, weights({channels, others})});
    return show(emit(Opcode::linear_weight_gradient, {bounded(x), bounded(g)}));
  }
  std::vector<int64_t> kernel;
  ir::Attributes attributes = windows(x, kernel);
  if (random_.one_in(2)) {
    const Value g = emit(Opcode::conv2d, {x, weights({kernel[0], kernel[1], channels, others})}, attributes);
    attributes["kernel"] = kernel;
    return show(emit(Opcode::conv2d_weight_gradient, {bounded(x), bounded(g)}, attributes));
  }
  const std::vector<int64_t> size = size_before(x, kernel, attributes);
  if (size.empty())
    return;
  attributes["size"] = size;
  if (!options_.binary || random_.one_in(2))
    return keep(
        emit(Opcode::conv2d_input_gradient, {x, weights({kernel[0], kernel[1], others, channels})}, attributes));
  attributes["kernel"] = kernel;
  attributes["channels"] = std::vector<int64_t>{others, channels};
  keep(emit(Opcode::binary_conv2d_input_gradient, {x, bits(kernel[0] * kernel[1], channels, others)}, attributes));
}

void Generator::pool_gradient(Value x) {
  if (!is_image(x))
    return to_image(x);
  std::vector<int64_t> kernel;
  ir::Attributes attributes = windows(x, kernel);
  attributes["kernel"] = kernel;
  attributes["pad"] = std::vector<int64_t>{random_.below(kernel[0] / 2 + 1), random_.below(kernel[1] / 2 + 1)};
  if (random_.one_in(2)) {
    const Value y = emit(Opcode::maxpool, {x}, attributes);
    return keep(emit(Opcode::maxpool_gradient, {elementwise(*builder_, type(y), {y}), x}, attributes));
  }
  const std::vector<int64_t> size = size_before(x, kernel, attributes);
  if (size.empty())
    return;
  attributes["size"] = size;
  keep(emit(Opcode::avgpool_gradient, {x}, attributes));
}

// Features as an image: what goes back through the layers that made features of one.
void Generator::to_image(Value x) {
  if (is_image(x) || type(x).rank() + 2 >= ir::max_rank)
    return;
  const int64_t channels = type(x).channels(), height = channels % 2 == 0 ? 2 : 1;
  if (random_.one_in(2))
    return keep(emit(Opcode::unflatten, {x}, {{"size", std::vector<int64_t>{height, 1, channels / height}}}));
  keep(emit(Opcode::global_avgpool_gradient, {x}, {{"size", std::vector<int64_t>{2, random_.between(1, 2)}}}));
}

void Generator::statistics(Value x) {
  const int64_t channels = type(x).channels();
  switch (random_.below(3)) {
  case 0: {
    const std::vector<Value> moments = builder_->build_many(Opcode::moments, {x}, {{"copies", random_.between(1, 3)}});
    show(moments[0]);
    return show(moments[2]);
  }
  case 1: {
    const std::vector<Value> sums = builder_->build_many(Opcode::centered_sums, {bounded(x), x, weights({channels})});
    return show(random_.of(sums));
  }
  default: { // the mean of an axis by hand
    const int64_t axis = random_.below(type(x).rank());
    if (type(x).dims[static_cast<size_t>(axis)] == ir::batch)
      return;
    const Value sums = emit(Opcode::sum, {x}, {{"axis", axis}});
    const Value rows = emit(Opcode::count, {}, {{"per_sample", random_.between(1, 9)}});
    return show(emit(Opcode::div, {sums, rows}));
  }
  }
}

} // namespace rvb::interpreter
