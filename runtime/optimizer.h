// Optimisers, as PyTorch's of the same names. `g` is the gradient, `w` the weight, decay only where the parameter
// decays:
//
//   sgd    torch.optim.SGD(momentum, weight_decay, dampening = 0, nesterov = False)
//          g = g + weight_decay * w;  b = momentum * b + g;  w = w - rate * b
//   adam   torch.optim.Adam(betas, eps, weight_decay), after Kingma and Ba; step t counts from 1
//          g = g + weight_decay * w
//          m = beta1 * m + (1 - beta1) * g;  v = beta2 * v + (1 - beta2) * g * g
//          w = w - rate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
//   adamw  torch.optim.AdamW, after Loshchilov and Hutter: w = w - rate * weight_decay * w, then as adam without decay
//
// and the learning rate of torch.optim.lr_scheduler.CosineAnnealingLR(T_max = epochs, eta_min = 0), stepped per epoch.
#pragma once

#include "parameters.h"

namespace rvb::runtime {

class Optimizer {
public:
  Optimizer(const std::vector<Parameter>& parameters, const OptimizerSettings& settings);
  // `gradients` [parameter], null for those that are not trained; `step` counts from 1. Returns how many latent weights
  // of binary layers have changed their sign (that of 0 is 1).
  int64_t step(ParameterSet& weights, const std::vector<const float*>& gradients, double rate, int64_t step);

  // What it remembers: momentum (m of adam) under the parameters' names, v under NAME:square.
  std::vector<Tensor> tensors() const;
  void load(const std::string& path); // as ParameterSet::load
  bool finite() const;

private:
  bool adaptive() const { return squares_.count() > 0; }
  OptimizerSettings settings_;
  ParameterSet momentum_, squares_; // squares_: of adam and adamw
};

// `epoch` counts from 0. Schedules: "cosine", "constant".
double learning_rate(const std::string& schedule, double rate, int64_t epoch, int64_t epochs);

// running = (1 - momentum) * running + momentum * batch
void update_statistic(Floats& running, const float* batch, double momentum);

} // namespace rvb::runtime
