// Random well-formed modules and what is needed to compare two of them: the tests of passes run the interpreter before
// and after and compare.
#pragma once

#include "interpreter.h"

#include <cstdint>
#include <string>

namespace rvb::interpreter {

struct RandomOptions {
  int operations = 24;          // about as many; scans count once
  int64_t steps = 3;            // T; the outermost axis of sequences
  bool constants = true;        // some weights are constants of the module instead of parameters
  bool binary = true;           // sign, scale and packed synapses
  bool batch_statistics = true; // batchnorm and moments, which mix samples
  const char* name = "main";    // of the function
};

// One function that looks like a network gone wild: synapses, pools, normalisation, scans with random bodies,
// repeated and unused operations. Numbers stay moderate: no division by what may be 0, no logarithm of negatives.
// The same seed gives the same module on every machine.
ir::Module random_module(uint64_t seed, const RandomOptions& options = {});

// Random numbers for every parameter: reals in [low, high), labels in 0 … classes - 1, whole words for u32.
std::vector<Tensor> random_arguments(const ir::Function& function, int64_t batch, uint64_t seed, double low = -1.5,
                                     double high = 1.5, int64_t classes = 3);

// Where two lists of tensors differ by more than `tolerance` times the largest number of the expected tensor (at least
// 1); NaN equals NaN. Empty when they agree.
std::string difference(const std::vector<Tensor>& expected, const std::vector<Tensor>& actual, double tolerance);

} // namespace rvb::interpreter
