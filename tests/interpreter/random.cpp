// dropout_mask, number by number.
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
  if (call.op.opcode != ir::Opcode::dropout_mask)
    return false;
  const auto word = [](double number) { return static_cast<uint32_t>(static_cast<int64_t>(number)); };
  const double rate = call.op.number("rate");
  const uint32_t program = mixed(word(static_cast<double>(call.op.integer("operation"))) + 0x9e3779b9U);
  const uint32_t key = mixed(word(call.in[0].data[0]) ^ mixed(word(call.in[0].data[1]) ^ program));
  Tensor& mask = call.out[0];
  const auto elements = static_cast<uint32_t>(mask.data.size() / static_cast<size_t>(mask.type.dims[0]));
  for (size_t i = 0; i < mask.data.size(); ++i) {
    const auto at = static_cast<uint32_t>(i);
    const uint32_t sample = mixed(at / elements ^ key);
    const uint32_t drawn = mixed(mixed(at % elements ^ sample) + sample);
    mask.data[i] = drawn >= static_cast<uint32_t>(rate * 4294967296.0) ? 1 / (1 - rate) : 0;
  }
  return true;
}

} // namespace rvb::interpreter
