// The deployed synapses: weights are packed signs, bit i of word [tap, j, o] is the sign of input channel 32 j + i
// (1 adds, 0 subtracts). Not differentiable: training keeps the latent weights.
#include "ir/text.h"
#include "ops/synapse.h"

namespace rvb::ops {

namespace {

bool is_bits(const ir::Type& type, int64_t taps, int64_t in, int64_t out, std::string& error) {
  ir::Type expected{ir::Element::u32, {taps, (in + 31) / 32, out}};
  return type == expected || fail(error, "the bits have type " + ir::print(type) + ", expected " + ir::print(expected));
}

bool channels_agree(const ir::Type& x, int64_t in, std::string& error) {
  return x.dims.back() == in ||
         fail(error, "the tensor has type " + ir::print(x) + ", expected " + std::to_string(in) + " channels");
}

std::optional<Types> conv2d_types(const ir::Op& op, const Types& operands, std::string& error) {
  const ir::Type& x = operands[0];
  if (!attributes_fit(
          op,
          {{"channels", Kind::pair, 1}, {"kernel", Kind::pair, 1}, {"pad", Kind::pair, 0}, {"stride", Kind::pair, 1}},
          error) ||
      !is_tensor(x, 3, 3, "the tensor", error))
    return std::nullopt;
  std::vector<int64_t> kernel = op.integers("kernel"), channels = op.integers("channels");
  int64_t extent[2] = {x.dims.end()[-3], x.dims.end()[-2]}, out[2];
  if (!channels_agree(x, channels[0], error) ||
      !is_bits(operands[1], kernel[0] * kernel[1], channels[0], channels[1], error) ||
      !windows_fit(extent, window_of(op, kernel), out, error))
    return std::nullopt;
  return Types{with_tail(x, 3, {out[0], out[1], channels[1]})};
}

std::optional<Types> linear_types(const ir::Op& op, const Types& operands, std::string& error) {
  const ir::Type& x = operands[0];
  if (!attributes_fit(op, {{"channels", Kind::pair, 1}}, error) || !is_tensor(x, 1, 1, "the tensor", error))
    return std::nullopt;
  std::vector<int64_t> channels = op.integers("channels");
  if (!channels_agree(x, channels[0], error) || !is_bits(operands[1], 1, channels[0], channels[1], error))
    return std::nullopt;
  return Types{with_tail(x, 1, {channels[1]})};
}

Count synapse_count(const ir::Function& function, const ir::Op& op) {
  std::vector<int64_t> kernel = op.integers("kernel");
  int64_t taps = kernel.size() == 2 ? product({kernel[0], kernel[1]}) : 1;
  Count result;
  result.additions = product({function.type(op.results[0]).elements_per_sample(), taps, op.integers("channels")[0]});
  return result;
}

} // namespace

const Meaning rows::binary_conv2d{conv2d_types, nullptr, synapse_count};
const Meaning rows::binary_linear{linear_types, nullptr, synapse_count};

} // namespace rvb::ops
