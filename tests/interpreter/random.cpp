// dropout_mask and random, number by number.
#include "call.h"

#include <cstdint>

namespace rvb::interpreter {

namespace {

uint32_t mixed(uint32_t x) {
  x ^= x >> 16;
  x *= 0x7feb352dU;
  x ^= x >> 15;
  x *= 0x846ca68bU;
  return x ^ x >> 16;
}

} // namespace

bool evaluate_random(Call& call) {
  const bool masks = call.op.opcode == ir::Opcode::dropout_mask;
  if (!masks && call.op.opcode != ir::Opcode::random)
    return false;
  const auto word = [](double number) { return static_cast<uint32_t>(static_cast<int64_t>(number)); };
  const double rate = masks ? call.op.number("rate") : 0;
  const uint32_t program = mixed(word(static_cast<double>(call.op.integer("operation"))) + 0x9e3779b9U);
  const uint32_t key = mixed(word(call.in[0].data[0]) ^ mixed(word(call.in[0].data[1]) ^ program));
  Tensor& mask = call.out[0];
  const ir::Type& declared = call.function.type(call.op.results[0]);
  const auto samples = static_cast<size_t>(declared.has_batch() ? mask.type.dims[0] : 1);
  const auto elements = static_cast<uint32_t>(mask.data.size() / samples);
  for (size_t i = 0; i < mask.data.size(); ++i) {
    const auto at = static_cast<uint32_t>(i);
    const uint32_t sample = mixed(at / elements ^ key);
    const uint32_t drawn = mixed(mixed(at % elements ^ sample) + sample);
    if (!masks) {
      mask.data[i] = static_cast<double>(drawn >> 8) / 16777216;
      continue;
    }
    mask.data[i] = drawn >= static_cast<uint32_t>(rate * 4294967296.0) ? 1 / (1 - rate) : 0;
  }
  return true;
}

} // namespace rvb::interpreter
