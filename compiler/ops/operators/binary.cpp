// The deployed synapses: weights are packed signs, bit i of word [tap, j, o] is the sign of input channel 32 j + i
// (1 adds, 0 subtracts). With groups, whose inputs are few, bit i of word [tap, c, j] is the sign of input channel c of
// its group to output 32 j + i. Training packs the latent weights' signs in every step, after differentiation.
#include "ir/text.h"
#include "ops/synapse.h"

namespace rvb::ops {

namespace {

bool is_bits(const ir::Type& type, int64_t taps, int64_t in, int64_t out, std::string& error, int64_t groups = 1) {
  ir::Type expected{ir::Element::u32, {taps, (in + 31) / 32, out}};
  if (groups > 1)
    expected.dims = {taps, in / groups, (out + 31) / 32};
  return type == expected || fail(error, "the bits have type " + ir::print(type) + ", expected " + ir::print(expected));
}

// Real spikes, or integers (deployment).
bool is_spikes(const ir::Type& x, int rank, std::string& error) {
  ir::Type as_real = x;
  if (x.element == ir::Element::i16 || x.element == ir::Element::i32)
    as_real.element = ir::Element::f32;
  return is_tensor(as_real, rank, rank, "the tensor", error);
}

// Sums of real spikes are real, sums of integers are i32.
ir::Type sums_of(ir::Type type) {
  if (type.element != ir::Element::f32)
    type.element = ir::Element::i32;
  return type;
}

bool channels_agree(const ir::Type& x, int64_t in, std::string& error) {
  return x.dims.back() == in ||
         fail(error, "the tensor has type " + ir::print(x) + ", expected " + std::to_string(in) + " channels");
}

// Bits and, in training, alpha.
bool operands_fit(const ir::Op& op, const Types& operands, std::string& error) {
  const int64_t in = op.integers("channels").size() == 2 ? op.integers("channels")[0] : 0;
  if (operands.size() != 2 && operands.size() != 3)
    return fail(error, "takes a tensor, bits and perhaps alpha");
  if (operands.size() == 3 && op.integer("sparse") != 0)
    return fail(error, "walks no events with alpha: sparse synapses are deployed ones");
  if (groups_of(op) > 1 && (operands.size() == 3 || op.integer("sparse") != 0))
    return fail(error, "groups take no alpha and walk no events");
  if (operands.size() == 3 && operands[0].element != ir::Element::f32)
    return fail(error, "integers take no alpha");
  return operands.size() == 2 || is_vector(operands[2], in, "alpha", error);
}

std::optional<Types> conv2d_types(const ir::Op& op, const Types& operands, std::string& error) {
  if (!operands_fit(op, operands, error))
    return std::nullopt;
  const ir::Type& x = operands[0];
  if (!attributes_fit(op,
                      {{"channels", Kind::pair, 1},
                       {"dilation", Kind::pair, 1, Need::optional},
                       {"groups", Kind::integer, 2, Need::optional},
                       {"joined", Kind::integer, 0, Need::optional},
                       {"kernel", Kind::pair, 1},
                       {"pad", Kind::pair, 0},
                       {"sparse", Kind::integer, 0, Need::optional},
                       {"stride", Kind::pair, 1}},
                      error) ||
      !is_spikes(x, 3, error))
    return std::nullopt;
  std::vector<int64_t> kernel = op.integers("kernel"), channels = op.integers("channels");
  int64_t extent[2] = {x.dims.end()[-3], x.dims.end()[-2]}, out[2];
  if (!channels_agree(x, channels[0], error) || !groups_fit(op, channels[0], channels[1], error) ||
      !is_bits(operands[1], kernel[0] * kernel[1], channels[0], channels[1], error, groups_of(op)) ||
      !windows_fit(extent, window_of(op, kernel), out, error))
    return std::nullopt;
  return Types{sums_of(with_tail(x, 3, {out[0], out[1], channels[1]}))};
}

std::optional<Types> input_gradient_types(const ir::Op& op, const Types& operands, std::string& error) {
  const ir::Type& g = operands[0];
  if (!attributes_fit(op,
                      {{"channels", Kind::pair, 1},
                       {"joined", Kind::integer, 0, Need::optional},
                       {"kernel", Kind::pair, 1},
                       {"pad", Kind::pair, 0},
                       {"size", Kind::pair, 1},
                       {"stride", Kind::pair, 1}},
                      error) ||
      !is_tensor(g, 3, 3, "the gradient", error))
    return std::nullopt;
  std::vector<int64_t> kernel = op.integers("kernel"), channels = op.integers("channels"), size = op.integers("size");
  int64_t extent[2] = {size[0], size[1]}, out[2];
  if (!channels_agree(g, channels[1], error) ||
      !is_bits(operands[1], kernel[0] * kernel[1], channels[1], channels[0], error) ||
      !windows_fit(extent, window_of(op, kernel), out, error))
    return std::nullopt;
  if (g.dims.end()[-3] != out[0] || g.dims.end()[-2] != out[1]) {
    fail(error, "the gradient has type " + ir::print(g) + ", the convolution has " + std::to_string(out[0]) + " x " +
                    std::to_string(out[1]) + " positions");
    return std::nullopt;
  }
  return Types{with_tail(g, 3, {size[0], size[1], channels[0]})};
}

std::optional<Types> pack_signs_types(const ir::Op& op, const Types& operands, std::string& error) {
  const ir::Type& w = operands[0];
  if (!attributes_fit(op, {{"transposed", Kind::integer, 0, Need::optional}}, error) ||
      !is_tensor(w, 2, 2, "the weights", error))
    return std::nullopt;
  if ((w.rank() != 2 && w.rank() != 4) || w.has_batch()) {
    fail(error, "the weights have type " + ir::print(w) + ", expected [Kh,Kw,Ci,Co] or [I,O]");
    return std::nullopt;
  }
  int64_t taps = w.rank() == 4 ? product({w.dims[0], w.dims[1]}) : 1;
  int64_t in = w.dims.end()[-2], out = w.dims.back();
  if (op.integer("transposed") != 0)
    std::swap(in, out);
  return Types{ir::Type{ir::Element::u32, {taps, (in + 31) / 32, out}}};
}

std::optional<Types> linear_types(const ir::Op& op, const Types& operands, std::string& error) {
  if (!operands_fit(op, operands, error))
    return std::nullopt;
  const ir::Type& x = operands[0];
  if (!attributes_fit(op,
                      {{"channels", Kind::pair, 1},
                       {"joined", Kind::integer, 0, Need::optional},
                       {"sparse", Kind::integer, 0, Need::optional}},
                      error) ||
      !is_spikes(x, 1, error))
    return std::nullopt;
  std::vector<int64_t> channels = op.integers("channels");
  if (!channels_agree(x, channels[0], error) || !is_bits(operands[1], 1, channels[0], channels[1], error))
    return std::nullopt;
  return Types{sums_of(with_tail(x, 1, {channels[1]}))};
}

Count synapse_count(const ir::Function& function, const ir::Op& op) {
  std::vector<int64_t> kernel = op.integers("kernel");
  int64_t taps = kernel.size() == 2 ? product({kernel[0], kernel[1]}) : 1;
  Count result;
  result.additions =
      product({function.type(op.results[0]).elements_per_sample(), taps, op.integers("channels")[0] / groups_of(op)});
  return result;
}

Count input_gradient_count(const ir::Function& function, const ir::Op& op) {
  std::vector<int64_t> kernel = op.integers("kernel");
  Count result;
  result.additions = product(
      {function.type(op.operands[0].value).elements_per_sample(), kernel[0], kernel[1], op.integers("channels")[0]});
  return result;
}

Count no_count(const ir::Function&, const ir::Op&) {
  return {};
}

} // namespace

const Meaning rows::binary_conv2d{conv2d_types, nullptr, synapse_count};
const Meaning rows::binary_conv2d_input_gradient{input_gradient_types, nullptr, input_gradient_count};
const Meaning rows::pack_signs{pack_signs_types, nullptr, no_count};
const Meaning rows::binary_linear{linear_types, nullptr, synapse_count};

} // namespace rvb::ops
