// Stochastic gradient descent as torch.optim.SGD(momentum, weight_decay, dampening = 0, nesterov = False):
//   g = g + weight_decay * w      (only where the parameter decays)
//   b = momentum * b + g
//   w = w - rate * b
// and the learning rate of torch.optim.lr_scheduler.CosineAnnealingLR(T_max = epochs, eta_min = 0), stepped per epoch.
#pragma once

#include "parameters.h"

namespace rvb::runtime {

class Sgd {
public:
  explicit Sgd(const std::vector<Parameter>& parameters) : momentum_(parameters) {}
  // `gradients` [parameter], null for those that are not trained. Returns how many latent weights of binary layers have
  // changed their sign (that of 0 is 1).
  int64_t step(ParameterSet& weights, const std::vector<const float*>& gradients, double rate, double momentum,
               double weight_decay);
  ParameterSet& momentum() { return momentum_; }
  const ParameterSet& momentum() const { return momentum_; }

private:
  ParameterSet momentum_;
};

// `epoch` counts from 0. Schedules: "cosine", "constant".
double learning_rate(const std::string& schedule, double rate, int64_t epoch, int64_t epochs);

// running = (1 - momentum) * running + momentum * batch
void update_statistic(Floats& running, const float* batch, double momentum);

} // namespace rvb::runtime
