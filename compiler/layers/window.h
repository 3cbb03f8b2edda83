// Windows that slide over an image [C, H, W]: convolutions and pools.
#pragma once

#include "layers/layer.h"

namespace rvb::layers {

// The output of the layer's `kernel`, `stride` and `padding` with `channels` channels. `most_padding`: of a window of
// that many pixels, the most that may be added on a side; `rule` says it in words.
std::optional<Tensor> slide(const Layer& layer, const Tensor& input, int64_t channels, int64_t (*most_padding)(int64_t),
                            const char* rule, Fault& fault);

// What avgpool and maxpool say of themselves but for the operator.
const std::vector<Slot>& pool_slots();
std::optional<Tensor> pool_output(const Network& network, const Layer& layer, Fault& fault);
ir::Value build_pool(Build& build, ir::Opcode opcode);

inline std::vector<int64_t> listed(const Pair& pair) {
  return {pair[0], pair[1]};
}

} // namespace rvb::layers
