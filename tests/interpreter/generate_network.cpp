// What networks are made of: synapses, pools, normalisation, time, the loss.
#include "generator.h"

#include <algorithm>

namespace rvb::interpreter {

using ir::Opcode;
using ir::Value;

Value Generator::synaptic(const std::vector<int64_t>& dims, int64_t input_axis) {
  Value w = weights(dims);
  if (!options_.binary || random_.one_in(2))
    return w;
  w = emit(Opcode::sign, {w}, {{"ste", 1.0}});
  if (random_.one_in(2))
    return w;
  return emit(Opcode::scale, {w, weights({dims[static_cast<size_t>(input_axis)]})}, {{"axis", input_axis}});
}

// Windows that fit into an image.
ir::Attributes Generator::windows(Value x, std::vector<int64_t>& kernel) {
  const std::vector<int64_t>& dims = type(x).dims;
  kernel = {random_.between(1, std::min<int64_t>(3, dims.end()[-3])),
            random_.between(1, std::min<int64_t>(3, dims.end()[-2]))};
  return {{"pad", std::vector<int64_t>{random_.below(2), random_.below(2)}},
          {"stride", std::vector<int64_t>{random_.between(1, 2), random_.between(1, 2)}}};
}

void Generator::convolve(Value x) {
  if (!is_image(x))
    return to_features(x);
  const int64_t in = type(x).channels();
  int64_t out = random_.between(1, 5);
  std::vector<int64_t> kernel;
  ir::Attributes attributes = windows(x, kernel);
  if (random_.one_in(4)) { // dilated, where the window still fits
    const auto& pad = std::get<std::vector<int64_t>>(attributes["pad"]);
    std::vector<int64_t> apart;
    for (size_t i = 0; i < 2; ++i)
      apart.push_back(2 * (kernel[i] - 1) < type(x).dims.end()[-3 + static_cast<int>(i)] + 2 * pad[i] ? 2 : 1);
    attributes["dilation"] = apart;
  }
  if (in > 1 && random_.one_in(3)) { // depthwise
    attributes["groups"] = in;
    out = in * random_.between(1, 2);
    if (!options_.binary || random_.one_in(2)) {
      Value w = weights({kernel[0], kernel[1], 1, out});
      if (options_.binary && random_.one_in(2))
        w = emit(Opcode::sign, {w}, {{"ste", 1.0}});
      return keep(emit(Opcode::conv2d, {x, w}, attributes));
    }
    attributes["kernel"] = kernel;
    attributes["channels"] = std::vector<int64_t>{in, out};
    return keep(emit(Opcode::binary_conv2d, {x, bits(kernel[0] * kernel[1], 1, 1)}, attributes));
  }
  if (!options_.binary || !random_.one_in(4))
    return keep(emit(Opcode::conv2d, {x, synaptic({kernel[0], kernel[1], in, out}, 2)}, attributes));
  attributes["kernel"] = kernel;
  attributes["channels"] = std::vector<int64_t>{in, out};
  std::vector<ir::Operand> operands{x, bits(kernel[0] * kernel[1], in, out)};
  if (random_.one_in(3))
    operands.emplace_back(weights({in})); // alpha
  else if (random_.one_in(2))
    attributes["sparse"] = int64_t{1};
  keep(emit(Opcode::binary_conv2d, operands, attributes));
}

void Generator::pool(Value x) {
  if (!is_image(x))
    return;
  const std::vector<int64_t>& dims = type(x).dims;
  const std::vector<int64_t> kernel{std::min<int64_t>(2, dims.end()[-3]), std::min<int64_t>(2, dims.end()[-2])};
  const ir::Attributes attributes{{"kernel", kernel},
                                  {"pad", std::vector<int64_t>{random_.below(kernel[0]), 0}},
                                  {"stride", std::vector<int64_t>{random_.between(1, 2), random_.between(1, 2)}}};
  keep(emit(random_.one_in(2) ? Opcode::avgpool : Opcode::maxpool, {x}, attributes));
}

void Generator::normalise(Value x) {
  const int64_t c = type(x).channels();
  if (options_.batch_statistics && random_.one_in(2)) {
    const std::vector<Value> results = builder_->build_many(Opcode::batchnorm, {x, weights({c}), weights({c})},
                                                            {{"copies", int64_t{1}}, {"epsilon", 1e-5}});
    keep(results[0]);
    return show(random_.of(results));
  }
  const Value deviation = emit(Opcode::abs, {weights({c})});
  keep(
      emit(Opcode::batchnorm_inference, {x, weights({c}), weights({c}), weights({c}), deviation}, {{"epsilon", 0.01}}));
}

void Generator::change_time(Value x) {
  if (!is_sequence(x)) {
    if (type(x).rank() < ir::max_rank)
      keep(emit(Opcode::repeat, {x}, {{"times", options_.steps}}));
    return;
  }
  if (!random_.one_in(3))
    return keep(emit(random_.one_in(2) ? Opcode::sum_time : Opcode::mean_time, {x}));
  const auto times = static_cast<size_t>(type(x).dims[0]);
  const std::vector<Value> steps =
      builder_->build_many(Opcode::split_time, {x}, {}, std::vector<std::string>(times, "step"));
  std::vector<ir::Operand> again;
  for (const Value step : steps)
    again.emplace_back(random_.one_in(3) && type(x).rank() > 2 ? elementwise(*builder_, type(step), {step})
                                                               : random_.of(steps));
  keep(emit(Opcode::stack_time, again));
}

void Generator::to_features(Value x) {
  if (is_image(x))
    return keep(emit(random_.one_in(2) ? Opcode::flatten : Opcode::global_avgpool, {x}));
  const int64_t in = type(x).channels(), out = random_.between(1, 5);
  if (!options_.binary || !random_.one_in(4))
    return keep(emit(Opcode::linear, {x, synaptic({in, out}, 0)}));
  ir::Attributes attributes{{"channels", std::vector<int64_t>{in, out}}};
  if (random_.one_in(2))
    attributes["sparse"] = int64_t{1};
  keep(emit(Opcode::binary_linear, {x, bits(1, in, out)}, attributes));
}

// A loss of three classes, and its gradient.
void Generator::classify(Value x) {
  if (is_image(x))
    x = emit(Opcode::global_avgpool, {x});
  const bool steps = type(x).rank() == 3 && type(x).dims[1] == ir::batch;
  if (!options_.batch_statistics || !(steps || (type(x).rank() == 2 && type(x).dims[0] == ir::batch)))
    return to_features(x);
  const Value logits = emit(Opcode::linear, {bounded(x), weights({type(x).channels(), 3})});
  ir::Attributes attributes;
  if (random_.one_in(2))
    attributes["smoothing"] = 0.1;
  if (random_.one_in(2))
    show(emit(Opcode::cross_entropy, {logits, labels()}, attributes));
  else
    keep(emit(Opcode::cross_entropy_gradient, {logits, labels()}, attributes));
}

void Generator::drop_out(Value x) {
  ir::Type mask = type(x);
  if (is_sequence(x))
    mask.dims.erase(mask.dims.begin());
  if (mask.dims.empty() || mask.dims[0] != ir::batch)
    return;
  const int64_t operation = random_.below(5);
  ir::Attributes attributes = {{"dims", mask.dims}, {"operation", operation}};
  if (operation < 4)
    attributes["rate"] = random_.one_in(2) ? 0.5 : 0.1;
  Value drawn = emit(operation < 4 ? Opcode::dropout_mask : Opcode::random, {key()}, attributes);
  if (is_sequence(x))
    drawn = emit(Opcode::repeat, {drawn}, {{"times", type(x).dims[0]}});
  keep(emit(Opcode::mul, {x, drawn}));
}

} // namespace rvb::interpreter
