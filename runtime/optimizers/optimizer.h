// Optimisers, as PyTorch's of the same names. `g` is the gradient, `w` the weight, decay only where the parameter
// decays:
//
//   sgd    torch.optim.SGD(momentum, weight_decay, nesterov, dampening = 0)
//          g = g + weight_decay * w;  b = momentum * b + g;  w = w - rate * b, or with nesterov rate * (g + momentum *
//          b)
//   adam   torch.optim.Adam(betas, eps, weight_decay), after Kingma and Ba; step t counts from 1
//          g = g + weight_decay * w
//          m = beta1 * m + (1 - beta1) * g;  v = beta2 * v + (1 - beta2) * g * g
//          w = w - rate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
//   adamw  torch.optim.AdamW, after Loshchilov and Hutter: w = w - rate * weight_decay * w, then as adam without decay
//   rmsprop  torch.optim.RMSprop(alpha, eps, weight_decay, momentum, centered = False)
//          g = g + weight_decay * w;  v = alpha * v + (1 - alpha) * g * g;  b = momentum * b + g / (sqrt(v) + epsilon)
//          w = w - rate * b
//   bop    Helwegen et al., 2019, for latent weights: m = (1 - gamma) * m + gamma * g; w changes its sign where |m| is
//          above the threshold and m has w's sign. Other parameters as adam.
//
// Before that, with `clip`, all gradients together as torch.nn.utils.clip_grad_norm_: g = g * min(1, clip / (norm +
// 1e-6)). After it, with `latent_clip`, w = min(max(w, -latent_clip), latent_clip) of latent weights (BinaryConnect).
// `rates` are factors on the rate by kind of parameter, `decays` stand in place of weight_decay, also for kinds that
// otherwise do not decay. With `average`, as torch.optim.swa_utils.AveragedModel: a = w after the first step, then
// a = average * a + (1 - average) * w.
//
// Each is a row of recipe/optimizers.def and a function in optimizers/.
#pragma once

#include "network/parameters.h"

namespace rvb::runtime {

class Optimizer {
public:
  Optimizer(const std::vector<Parameter>& parameters, const Recipe& recipe);
  // `gradients` [parameter], null for those that are not trained; `step` counts from 1. Returns how many weights of
  // each parameter have changed their sign (that of 0 is 1).
  std::vector<int64_t> step(ParameterSet& weights, const std::vector<const float*>& gradients, double rate,
                            int64_t step);
  // The moving average takes the place of the trained weights and the other way round; nothing without an average.
  void swap_average(ParameterSet& weights);

  // What it remembers, under the names of recipe/optimizers.def.
  std::vector<Tensor> tensors() const;
  void load(const std::string& path); // as ParameterSet::load
  bool finite() const;

private:
  std::string ending(size_t word) const; // of the names of a memory's tensors
  void average(const ParameterSet& weights, int p);
  Recipe settings_;
  std::vector<std::string> words_; // of the row's memory
  std::vector<ParameterSet> memory_;
  std::vector<ParameterSet> average_; // one, or none
  bool averaging_ = false;            // after the first step
};

// running = (1 - momentum) * running + momentum * batch
void update_statistic(Floats& running, const float* batch, double momentum);

} // namespace rvb::runtime
