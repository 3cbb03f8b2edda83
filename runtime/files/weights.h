// Weights in any of the formats they come in: safetensors, and NumPy's NPZ (numpy.savez of a dictionary).
#pragma once

#include "files/safetensors.h"

namespace rvb::runtime {

// What the file is decides, whatever its name. Failure(user) names `path` and what is wrong, of a PyTorch checkpoint
// how it becomes safetensors; Failure(io) when it cannot be read.
Safetensors read_tensors(const std::string& path);
// The weights of a network; packed ones (packed.h) are unpacked.
// `strip`: taken off the front of the names that begin with it ("module."), of which there must be some.
Safetensors read_weights(const std::string& path, const std::string& strip);
// What stands before the names of a network in a file whose names are these otherwise: "module." of DataParallel,
// "_orig_mod." of torch.compile; "" when nothing does.
std::string common_prefix(const Safetensors& file, const std::vector<std::string>& expected);
// What to tell the user about such names; "" without a prefix.
std::string prefix_advice(const Safetensors& file, const std::vector<std::string>& expected);

// NPZ where the name ends in .npz, which has no place for metadata; else safetensors. Atomically.
void write_weights(const std::string& path, const Safetensors& file);

} // namespace rvb::runtime
