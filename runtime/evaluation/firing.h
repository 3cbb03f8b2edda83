// Neurons of a layer that never fire, or always do, on samples of the training data: what to warn of while training.
#pragma once

#include "data/dataset.h"
#include "network/function.h"
#include "network/network.h"

namespace rvb::runtime {

struct FiringFault {
  std::string layer;
  bool always = false;      // else never
  std::string text() const; // what it is and what to try
};

// Looks at some samples (a hundredth of them, from 8 to 64) through @observe; nothing for programs without it. Neurons
// that emit without a condition are no spiking neurons and may always fire.
std::vector<FiringFault> firing_faults(const Network& network, const ParameterSet& weights, const Dataset& samples);

} // namespace rvb::runtime
