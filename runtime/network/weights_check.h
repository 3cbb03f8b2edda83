// Do these tensors fit a network? The one check of weights, wherever they come from: programs that train (train, eval,
// infer, gradient, …, checkpoints) and rvbc deploy ask it, and give its message.
#pragma once

#include "files/safetensors.h"

#include <string>
#include <vector>

namespace rvb::runtime {

struct ExpectedTensor {
  std::string name;
  std::vector<int64_t> shape; // on disk
  bool variance = false;      // no element may be negative
};

// Exit::mismatch when tensors are missing, of another shape or type, or not expected; Exit::user when all fit but a
// number is not finite or a variance negative. what() has everything.
class WrongWeights : public Failure {
public:
  WrongWeights(Exit exit, std::string summary, std::vector<std::string> faults, std::string advice);
  std::string summary;             // "PATH: these weights do not fit the network"
  std::vector<std::string> faults; // one a tensor, ten at most, and how many more there are
  std::string advice;              // "" or what to do about it (a prefix of all names)
};

// Tensors NAME.num_batches_tracked (PyTorch's BatchNorm counts them) are passed over.
void check_weights(const Safetensors& file, const std::vector<ExpectedTensor>& expected, const std::string& path);

} // namespace rvb::runtime
